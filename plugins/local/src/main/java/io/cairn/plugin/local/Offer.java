package io.cairn.plugin.local;

import io.cairn.spi.Export;

/**
 * What a host was offered.
 *
 * @param readOnly whether it may only read
 */
public record Offer(Export export, boolean readOnly) {}
