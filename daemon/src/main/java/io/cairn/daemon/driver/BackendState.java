package io.cairn.daemon.driver;

import java.time.Instant;

/**
 * Whether a backend can be used.
 *
 * @param up whether its driver is open
 * @param since when that began
 * @param reason why it is not up, in one sentence; empty if it is
 */
public record BackendState(boolean up, Instant since, String reason) {}
