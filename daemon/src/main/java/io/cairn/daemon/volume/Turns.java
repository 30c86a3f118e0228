package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.VolumeId;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Whose turn it is. Operations on a volume take turns; whoever's turn it is first settles what the
 * one before left unfinished, so that there is at most one open intent for a volume.
 */
final class Turns {
    /** How long an operation waits for another on the same volume before it is BUSY. */
    static final Duration PATIENCE = Duration.ofSeconds(20);

    /**
     * So many operations wait for one volume, each of which holds a caller's thread. Where an
     * operation takes 80 ms, more of them would not have their turn in time.
     */
    private static final int MOST_WAITING = 256;

    private final KeyedLocks<String> names = new KeyedLocks<>(MOST_WAITING);
    private final KeyedLocks<UUID> volumes = new KeyedLocks<>(MOST_WAITING);
    private final OpenIntents open;
    private final Changes changes;
    private final Duration patience;

    /**
     * @param patience as {@link #PATIENCE}
     */
    Turns(OpenIntents open, Changes changes, Duration patience) {
        this.open = open;
        this.changes = changes;
        this.patience = patience;
    }

    /** A turn on a name that is to be given to a volume. Taken before those on volumes. */
    KeyedLocks<String>.Held takeName(String backend, String name)
            throws OperationException, InterruptedException {
        return takeNew(backend, name, Optional.empty());
    }

    /**
     * A turn on the name and, if its caller chose one, on the id of a new volume, in the order in
     * which {@link #takeAll} takes them. Taken before those on volumes.
     */
    KeyedLocks<String>.Held takeNew(String backend, String name, Optional<UUID> id)
            throws OperationException, InterruptedException {
        SortedSet<String> keys = new TreeSet<>(Set.of(backend + "/" + name));
        id.ifPresent(chosen -> keys.add("id/" + chosen));
        return names.lock(keys, patience)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.BUSY,
                                        "volume %s on backend %s is being created by somebody else; nothing was changed; try again"
                                                .formatted(name, backend)));
    }

    /** A turn on an id that a caller chose for a snapshot, if he did. Taken before all others. */
    KeyedLocks<String>.Held takeId(Optional<UUID> id)
            throws OperationException, InterruptedException {
        SortedSet<String> keys = new TreeSet<>();
        id.ifPresent(chosen -> keys.add("id/" + chosen));
        return names.lock(keys, patience)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.BUSY,
                                        "an object with the id %s is being created by somebody else; nothing was changed; try again"
                                                .formatted(id.orElseThrow())));
    }

    /** A turn on every id and name that is to come in, taken before all others. */
    KeyedLocks<String>.Held takeAll(Collection<Dossier> dossiers)
            throws OperationException, InterruptedException {
        SortedSet<String> keys = new TreeSet<>();
        for (Dossier dossier : dossiers) {
            keys.add(ofBackend(dossier.volume().backend()));
            keys.add("id/" + dossier.volume().id());
            keys.add(dossier.volume().backend() + "/" + dossier.volume().name());
            dossier.cuts().forEach(cut -> keys.add("id/" + cut.snapshot().id()));
        }
        return names.lock(keys, patience)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.BUSY,
                                        "a volume or snapshot of the same name or id is being created by somebody else, or another import to the backend is running; nothing was changed; try again"));
    }

    /** A turn on a backend as a whole, which those who import to it have too. */
    KeyedLocks<String>.Held takeBackend(String backend)
            throws OperationException, InterruptedException {
        return names.lock(new TreeSet<>(Set.of(ofBackend(backend))), patience)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.BUSY,
                                        "an import to backend %s is running; nothing was changed; try again later"
                                                .formatted(backend)));
    }

    /** No volume's name is empty. */
    private static String ofBackend(String backend) {
        return backend + "/";
    }

    KeyedLocks<UUID>.Held take(VolumeId volume) throws OperationException, InterruptedException {
        return take(List.of(volume));
    }

    /**
     * A turn on all of these volumes, none of which has an open intent then.
     *
     * @throws OperationException FAULT if one has a damaged intent
     */
    KeyedLocks<UUID>.Held take(Collection<VolumeId> wanted)
            throws OperationException, InterruptedException {
        // One for all the waits, however often somebody else leaves something unfinished.
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            KeyedLocks<UUID>.Held held = lock(wanted, until(end)).orElseThrow(() -> busy(wanted));
            boolean kept = false;
            try {
                Optional<Intent> earlier =
                        wanted.stream().map(open::of).flatMap(Optional::stream).findFirst();
                if (earlier.isEmpty()) {
                    kept = true;
                    return held;
                }
            } finally {
                if (!kept) {
                    held.close();
                }
            }
            settleFirst(wanted, end);
        }
    }

    private static Duration until(long end) {
        return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    /**
     * Settles an intent unless somebody else has the turn.
     *
     * @return whether it is settled now
     */
    boolean settle(Intent intent, Duration patience)
            throws OperationException, InterruptedException {
        Optional<KeyedLocks<UUID>.Held> held = lock(intent.volumes(), patience);
        if (held.isEmpty()) {
            return false;
        }
        try (var _ = held.get()) {
            // While the turn was waited for, somebody else may have settled it.
            if (open.of(intent.volume()).filter(intent::equals).isPresent()) {
                VolumeEvent _ = changes.settle(intent);
            }
            return true;
        }
    }

    /**
     * Gives up what is unfinished of a volume.
     *
     * @throws OperationException NOT_FOUND if nothing is; BUSY while it is being carried out
     */
    VolumeEvent forget(VolumeId volume) throws OperationException, InterruptedException {
        Intent intent = open.of(volume).orElseThrow(Turns::nothingUnfinished);
        try (var _ = lock(intent.volumes(), patience).orElseThrow(() -> busy(intent.volumes()))) {
            if (open.of(volume).filter(intent::equals).isEmpty()) {
                throw nothingUnfinished();
            }
            return changes.forget(intent);
        }
    }

    private static OperationException nothingUnfinished() {
        return new OperationException(Code.NOT_FOUND, "nothing of it is unfinished");
    }

    /** Whether nobody has, or waits for, a turn on anything. */
    boolean idle() {
        return names.idle() && volumes.idle();
    }

    List<Unfinished> unfinished() {
        return open.all().stream()
                .sorted(Comparator.comparing(Intent::begunAt))
                .map(
                        intent ->
                                new Unfinished(
                                        intent.backend(),
                                        intent.what(),
                                        intent.volume(),
                                        intent.begunAt(),
                                        volumes.isLocked(intent.volume().value()),
                                        open.lastError(intent)))
                .toList();
    }

    private void settleFirst(Collection<VolumeId> wanted, long end)
            throws OperationException, InterruptedException {
        for (VolumeId volume : wanted) {
            Optional<Intent> earlier = open.of(volume);
            if (earlier.isEmpty()) {
                continue;
            }
            if (earlier.get() instanceof Intent.Damaged damaged) {
                throw damaged.refusal();
            }
            try {
                if (!settle(earlier.get(), until(end))) {
                    throw busy(wanted);
                }
            } catch (OperationException e) {
                if (open.of(volume).filter(earlier.get()::equals).isPresent()) {
                    throw new OperationException(
                            Code.UNAVAILABLE,
                            "'%s' is unfinished, and only an available or in-use volume can be changed; settling it first failed: %s"
                                    .formatted(earlier.get().what(), e.getMessage()),
                            e);
                }
                // It failed for good, so it is settled.
            }
        }
    }

    private Optional<KeyedLocks<UUID>.Held> lock(Collection<VolumeId> wanted, Duration patience)
            throws InterruptedException {
        SortedSet<UUID> keys = new TreeSet<>();
        wanted.forEach(volume -> keys.add(volume.value()));
        return volumes.lock(keys, patience);
    }

    private OperationException busy(Collection<VolumeId> wanted) {
        String running =
                wanted.stream()
                        .map(open::of)
                        .flatMap(Optional::stream)
                        .map(Intent::what)
                        .findFirst()
                        .orElse("another operation");
        return new OperationException(
                Code.BUSY,
                "'%s' has been running for long or too many wait for it, and only an available or in-use volume can be changed; nothing was changed; try again later"
                        .formatted(running));
    }
}
