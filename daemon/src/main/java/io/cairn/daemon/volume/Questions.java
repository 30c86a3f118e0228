package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.DriverCall;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;

/**
 * What the driver is asked about volumes and snapshots, and nothing keeps. Safe for many threads.
 */
final class Questions {
    /** Begins the continuations of what changed. */
    private static final String FROM = "from:";

    private final Parts parts;

    Questions(Parts parts) {
        this.parts = parts;
    }

    long freedByDeleting(SnapshotId id) throws OperationException, InterruptedException {
        Snapshot before = parts.known(id);
        return parts.running()
                .inside(
                        () -> {
                            try (var _ = parts.turns().take(before.volume())) {
                                Snapshot snapshot = parts.known(id);
                                return ask(
                                        snapshot.backend(),
                                        snapshot.volume(),
                                        "tell what deleting %s would free"
                                                .formatted(words(snapshot)),
                                        "know which space a snapshot has to itself",
                                        Driver::measuring,
                                        measuring ->
                                                measuring.freedByDeleting(
                                                        snapshot.id(), snapshot.volume()));
                            }
                        });
    }

    SortedMap<String, String> inspect(VolumeId id) throws OperationException, InterruptedException {
        Volume before = parts.known(id);
        return parts.running()
                .inside(
                        () -> {
                            try (var _ = parts.turns().take(before.id())) {
                                Volume volume = parts.known(id);
                                return inspect(
                                        volume.backend(),
                                        Target.of(volume.id()),
                                        "volume " + volume.name());
                            }
                        });
    }

    SortedMap<String, String> inspect(SnapshotId id)
            throws OperationException, InterruptedException {
        Snapshot before = parts.known(id);
        return parts.running()
                .inside(
                        () -> {
                            try (var _ = parts.turns().take(before.volume())) {
                                Snapshot snapshot = parts.known(id);
                                return inspect(
                                        snapshot.backend(),
                                        Target.of(snapshot.volume(), snapshot.id()),
                                        words(snapshot));
                            }
                        });
    }

    Page<ChangedRange> changed(SnapshotId id, String since, int most, String continuation)
            throws OperationException, InterruptedException {
        long fromByte = fromByte(continuation);
        Snapshot before = parts.known(id);
        return parts.running()
                .inside(
                        () -> {
                            try (var _ = parts.turns().take(before.volume())) {
                                Snapshot snapshot = parts.known(id);
                                Optional<SnapshotId> base =
                                        since.isEmpty()
                                                ? Optional.empty()
                                                : Optional.of(
                                                        parts.snapshotOf(
                                                                        snapshot.volume(),
                                                                        snapshot.volumeName(),
                                                                        since)
                                                                .id());
                                List<ChangedRange> found =
                                        ask(
                                                snapshot.backend(),
                                                snapshot.volume(),
                                                "tell what changed in %s"
                                                        .formatted(words(snapshot)),
                                                "know where snapshots differ",
                                                Driver::differing,
                                                differing ->
                                                        differing.changed(
                                                                snapshot.volume(),
                                                                snapshot.id(),
                                                                base,
                                                                fromByte,
                                                                most));
                                return new Page<>(
                                        found,
                                        found.size() < most
                                                ? ""
                                                : FROM + found.getLast().endBytes());
                            }
                        });
    }

    private static long fromByte(String continuation) throws OperationException {
        if (continuation.isEmpty()) {
            return 0;
        }
        if (!continuation.matches(FROM + "\\d{1,18}")) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no continuation: pass the one that the page before it came with, or nothing"
                            .formatted(Names.shortened(continuation)));
        }
        return Long.parseLong(continuation.substring(FROM.length()));
    }

    private static String words(Snapshot snapshot) {
        return "snapshot %s of volume %s".formatted(snapshot.name(), snapshot.volumeName());
    }

    private SortedMap<String, String> inspect(String backend, Target target, String words)
            throws OperationException, InterruptedException {
        return ask(
                backend,
                target.volume(),
                "inspect " + words,
                "know more of it than its attributes say",
                Driver::inspecting,
                inspecting -> inspecting.inspect(target));
    }

    private interface Question<C, T> {
        T of(C capability) throws DriverException, InterruptedException;
    }

    /**
     * @param what the question, for messages
     * @param lack what a backend does not do that lacks the capability
     */
    private <C, T> T ask(
            String backendName,
            VolumeId volume,
            String what,
            String lack,
            Function<Driver, Optional<C>> capability,
            Question<C, T> question)
            throws OperationException, InterruptedException {
        Backend backend = parts.planning().backend(backendName);
        DriverCall<T> call =
                driver ->
                        question.of(
                                capability
                                        .apply(driver)
                                        .orElseThrow(
                                                () ->
                                                        new DriverException(
                                                                DriverException.Kind.UNSUPPORTED,
                                                                "backend %s does not %s"
                                                                        .formatted(
                                                                                backend.name(),
                                                                                lack))));
        try {
            return backend.call(volume, call);
        } catch (DriverException e) {
            throw OperationException.of(e, "cannot %s: %s".formatted(what, e.getMessage()));
        }
    }
}
