package io.cairn.daemon.volume;

import java.time.Instant;

/**
 * A tag that protects a volume or a snapshot from being deleted.
 *
 * @param by who put it there
 * @param since when
 */
public record Hold(String tag, String by, Instant since) {}
