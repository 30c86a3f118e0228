package io.cairn.spi;

/**
 * A volume to be made.
 *
 * @param id the id it gets
 * @param pool the name of one of the backend's pools
 * @param sizeBytes its exact size, above zero
 * @param mark kept beside the volume
 */
public record VolumeSpec(VolumeId id, String pool, long sizeBytes, Mark mark) {
    public VolumeSpec {
        if (sizeBytes <= 0) {
            throw new IllegalArgumentException("a volume of %d bytes".formatted(sizeBytes));
        }
    }
}
