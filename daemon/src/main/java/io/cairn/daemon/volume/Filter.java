package io.cairn.daemon.volume;

import java.util.Map;
import java.util.Optional;

/**
 * Which volumes or snapshots a list shall hold: those to which everything given applies.
 *
 * @param backend the name of their backend
 * @param volume for snapshots, the name of their volume; goes only with a backend
 * @param pool for volumes, the pool they lie in
 * @param name their name; a {@code *} at its end stands for any rest
 * @param labels labels that they bear, with just these values
 */
public record Filter(
        Optional<String> backend,
        Optional<String> volume,
        Optional<String> pool,
        Optional<String> name,
        Map<String, String> labels) {
    public static final Filter ALL =
            new Filter(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Map.of());

    public Filter {
        labels = Map.copyOf(labels);
    }

    /** Everything of one backend. */
    public static Filter ofBackend(String backend) {
        return new Filter(
                Optional.of(backend),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of());
    }

    /** Every snapshot of one volume. */
    public static Filter ofVolume(String backend, String volume) {
        return new Filter(
                Optional.of(backend),
                Optional.of(volume),
                Optional.empty(),
                Optional.empty(),
                Map.of());
    }
}
