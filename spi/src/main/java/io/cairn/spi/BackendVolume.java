package io.cairn.spi;

/**
 * A volume as the backend has it.
 *
 * @param pool the pool it lies in
 * @param sizeBytes its exact size
 * @param location where an operator finds it with the backend's own tools: an absolute path, or a
 *     name such as {@code pool/image}
 * @param mark what was stored last, or {@link Mark#NONE} if the backend has lost it
 */
public record BackendVolume(VolumeId id, String pool, long sizeBytes, String location, Mark mark) {}
