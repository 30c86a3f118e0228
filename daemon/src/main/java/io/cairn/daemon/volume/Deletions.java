package io.cairn.daemon.volume;

import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What takes volumes and snapshots away, and everything that forbids it. */
final class Deletions {
    /** How many snapshots a refusal to delete their volume names. */
    private static final int NAMED_SNAPSHOTS = 5;

    private static final String DELETED = "deleted";

    private final Parts parts;
    private final Listing listing;
    private final Tombstones tombstones;
    private final Trash trash;
    private final Purging purging;

    Deletions(Parts parts, Listing listing, Tombstones tombstones, Trash trash, Purging purging) {
        this.parts = parts;
        this.listing = listing;
        this.tombstones = tombstones;
        this.trash = trash;
        this.purging = purging;
    }

    void deleteVolume(VolumeId volume) throws OperationException, InterruptedException {
        boolean _ =
                parts.running()
                        .measured(
                                parts.known(volume).backend(),
                                Operation.DELETE_VOLUME,
                                Repeats.request("deleteVolume", volume),
                                flight -> {
                                    try (var _ = parts.turns().take(volume)) {
                                        Optional<Volume> there = there(volume);
                                        if (there.isEmpty()) {
                                            return flight.answered(deletedMeanwhile(volume));
                                        }
                                        Volume doomed = there.get();
                                        requireFree(doomed, DELETED);
                                        delete(doomed);
                                        return flight.answered(true);
                                    }
                                });
    }

    void deleteWithSnapshots(VolumeId volume) throws OperationException, InterruptedException {
        boolean _ =
                parts.running()
                        .measured(
                                parts.known(volume).backend(),
                                Operation.DELETE_VOLUME,
                                Repeats.request("deleteWithSnapshots", volume),
                                flight -> {
                                    // One turn for all, so that nothing new comes in between.
                                    try (var _ = parts.turns().take(volume)) {
                                        Optional<Volume> there = there(volume);
                                        if (there.isEmpty()) {
                                            return flight.answered(deletedMeanwhile(volume));
                                        }
                                        deleteAll(there.get());
                                        return flight.answered(true);
                                    }
                                });
    }

    String release(VolumeId volume) throws OperationException, InterruptedException {
        return parts.running()
                .measured(
                        parts.known(volume).backend(),
                        Operation.RELEASE_VOLUME,
                        Repeats.request("release", volume),
                        flight -> {
                            try (var _ = parts.turns().take(volume)) {
                                Volume given = parts.known(volume);
                                requireFree(given, "given up");
                                requireNoneInTrash(given);
                                Intent intent = new Intent.ReleaseVolume(given, Instant.now());
                                return switch (parts.changes().perform(intent)) {
                                    case VolumeEvent.VolumeReleased released ->
                                            flight.answered(released.place());
                                    case VolumeEvent other ->
                                            throw new IllegalStateException(
                                                    "'%s' ended in %s"
                                                            .formatted(intent.what(), other));
                                };
                            }
                        });
    }

    void deleteSnapshot(SnapshotId snapshot) throws OperationException, InterruptedException {
        Snapshot before = parts.known(snapshot);
        boolean _ =
                parts.running()
                        .measured(
                                before.backend(),
                                Operation.DELETE_SNAPSHOT,
                                Repeats.request("deleteSnapshot", snapshot),
                                flight -> {
                                    try (var _ = parts.turns().take(before.volume())) {
                                        Optional<Snapshot> there =
                                                Parts.readable(
                                                        () -> parts.state().snapshot(snapshot));
                                        if (there.isEmpty()) {
                                            return flight.answered(deletedMeanwhile(snapshot));
                                        }
                                        Snapshot doomed = there.get();
                                        requireFree(doomed);
                                        delete(doomed, parts.known(doomed.volume()).pool());
                                        return flight.answered(true);
                                    }
                                });
    }

    private Optional<Volume> there(VolumeId id) throws OperationException {
        return Parts.readable(() -> parts.state().volume(id));
    }

    /**
     * What was there when its deletion was asked for is gone: by somebody else's deletion, or since
     * the deletion that is asked for again was unfinished and settled before this one.
     *
     * @throws OperationException NOT_FOUND if it went in another way
     */
    private boolean deletedMeanwhile(VolumeId id) throws OperationException {
        if (tombstones.find(id.value()).isEmpty()) {
            Volume _ = parts.known(id);
        }
        return parts.confirmed(true);
    }

    /** As {@link #deletedMeanwhile(VolumeId)}. */
    private boolean deletedMeanwhile(SnapshotId id) throws OperationException {
        if (tombstones.find(id.value()).isEmpty()) {
            Snapshot _ = parts.known(id);
        }
        return parts.confirmed(true);
    }

    private void deleteAll(Volume doomed) throws OperationException, InterruptedException {
        requireUnused(doomed, DELETED);
        List<Snapshot> snapshots = parts.snapshots(doomed).reversed();
        for (Snapshot snapshot : snapshots) {
            requireFree(snapshot);
        }
        for (Snapshot snapshot : snapshots) {
            delete(snapshot, doomed.pool());
        }
        delete(doomed);
    }

    /** The caller has its turn. */
    private void delete(Volume doomed) throws OperationException, InterruptedException {
        boolean kept = trash.keeps(doomed.backend());
        if (!kept) {
            // They are its snapshots on the backend still.
            int _ = purging.purgeSnapshotsOf(doomed.id());
        }
        VolumeEvent _ =
                parts.changes().perform(new Intent.DeleteVolume(doomed, kept, Instant.now()));
    }

    /** The caller has the volume's turn. */
    private void delete(Snapshot doomed, String pool)
            throws OperationException, InterruptedException {
        boolean kept = trash.keeps(doomed.backend());
        VolumeEvent _ =
                parts.changes()
                        .perform(new Intent.DeleteSnapshot(doomed, pool, kept, Instant.now()));
    }

    /**
     * @param fate what is to become of it
     */
    private void requireFree(Volume volume, String fate) throws OperationException {
        requireUnused(volume, fate);
        if (volume.snapshotCount() > 0) {
            throw hasSnapshots(volume);
        }
    }

    private void requireNoneInTrash(Volume volume) throws OperationException {
        List<Trashed> snapshots = trash.snapshotsOf(volume.id());
        if (!snapshots.isEmpty()) {
            throw new OperationException(
                    Code.IN_USE,
                    "volume %s has %d snapshots in the trash, such as %s, and only one without can be given up: delete them for good by purge first, or bring them back by restore"
                            .formatted(
                                    volume.name(), snapshots.size(), snapshots.getFirst().name()));
        }
    }

    private void requireUnused(Volume volume, String fate) throws OperationException {
        String what = "volume " + volume.name();
        if (volume.holdCount() > 0) {
            throw held(what, volume.id().value(), fate);
        }
        if (volume.connectionCount() > 0) {
            throw connected(what, volume.id(), volume.connectionCount(), fate);
        }
    }

    private void requireFree(Snapshot snapshot) throws OperationException {
        String what = "snapshot %s of volume %s".formatted(snapshot.name(), snapshot.volumeName());
        if (snapshot.holdCount() > 0) {
            throw held(what, snapshot.id().value(), DELETED);
        }
        if (snapshot.connectionCount() > 0) {
            throw connected(what, snapshot.volume(), snapshot.connectionCount(), DELETED);
        }
    }

    private OperationException held(String what, UUID object, String fate) {
        List<String> tags = parts.state().holds(object).stream().map(Hold::tag).toList();
        return new OperationException(
                Code.IN_USE,
                "%s is held (%s), and nothing was %s: release %s first"
                        .formatted(
                                what,
                                String.join(", ", tags),
                                fate,
                                tags.size() == 1 ? "it" : "them"));
    }

    private OperationException connected(String what, VolumeId volume, long count, String fate) {
        List<String> hosts =
                parts.state().readableConnections(volume).stream()
                        .map(Connection::host)
                        .distinct()
                        .limit(NAMED_SNAPSHOTS)
                        .toList();
        return new OperationException(
                Code.IN_USE,
                "%s is in-use by %d %s (hosts: %s), and only an available one can be %s: detach and disconnect first, or use cleanup of the volume"
                        .formatted(
                                what,
                                count,
                                count == 1 ? "connection" : "connections",
                                hosts.isEmpty() ? "none can be read" : String.join(", ", hosts),
                                fate));
    }

    private OperationException hasSnapshots(Volume volume) throws OperationException {
        List<String> newest =
                listing
                        .snapshots(
                                Filter.ofVolume(volume.backend(), volume.name()),
                                List.of(),
                                NAMED_SNAPSHOTS,
                                "")
                        .items()
                        .stream()
                        .map(Snapshot::name)
                        .toList();
        long more = volume.snapshotCount() - newest.size();
        boolean one = volume.snapshotCount() == 1;
        return new OperationException(
                Code.IN_USE,
                "volume %s has %d %s (%s%s): delete %s first"
                        .formatted(
                                volume.name(),
                                volume.snapshotCount(),
                                one ? "snapshot" : "snapshots",
                                String.join(", ", newest),
                                more > 0 ? " and %d more".formatted(more) : "",
                                one ? "it" : "them"));
    }
}
