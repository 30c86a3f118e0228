package io.cairn.daemon.volume;

import io.cairn.spi.VolumeId;

import java.util.Map;
import java.util.Optional;

/**
 * What a caller asks of a volume to be made. It is checked by {@link Volumes}, not here.
 *
 * @param name the name it gets; empty lets Cairn choose, which takes the id's text
 * @param sizeBytes its exact size; empty takes the size of what it is made from
 * @param pool where it lies; empty takes the backend's first
 * @param description free text, at most {@link Names#MAX_DESCRIPTION} characters
 * @param labels the operator's own keys and values
 * @param id the id it gets; empty lets Cairn choose
 */
public record NewVolume(
        String name,
        Optional<Long> sizeBytes,
        Optional<String> pool,
        String description,
        Map<String, String> labels,
        Particulars particulars,
        Optional<VolumeId> id) {
    public NewVolume {
        labels = Map.copyOf(labels);
    }

    /** A volume of which only the name is given, as big as what it is made from. */
    public static NewVolume named(String name) {
        return new NewVolume(
                name,
                Optional.empty(),
                Optional.empty(),
                "",
                Map.of(),
                Particulars.NONE,
                Optional.empty());
    }

    /** A volume of which only the name and the size are given. */
    public static NewVolume named(String name, long sizeBytes) {
        return new NewVolume(
                name,
                Optional.of(sizeBytes),
                Optional.empty(),
                "",
                Map.of(),
                Particulars.NONE,
                Optional.empty());
    }
}
