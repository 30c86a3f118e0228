package io.cairn.spi;

/**
 * Something on the backend that could be a volume and is not Cairn's.
 *
 * @param path what to call it in {@link Adopting#adopt}
 * @param obstacle why it cannot be adopted, for the operator; empty if it can
 */
public record Unmanaged(String path, long sizeBytes, String obstacle) {}
