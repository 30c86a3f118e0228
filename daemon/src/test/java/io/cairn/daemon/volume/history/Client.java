package io.cairn.daemon.volume.history;

import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Trashed;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;

/** Does anything to few names, with no regard for others. One thread at a time. */
final class Client {
    private static final int VOLUMES = 7;
    private static final int SNAPSHOTS = 4;
    private static final long MIB = 1L << 20;

    /** Of what was deleted, the newest are thought of. */
    private static final int REMEMBERED = 12;

    private final int number;
    private final Recorder recorder;
    private final Recorder.Door door;
    private final Volumes volumes;
    private final String backend;
    private final Random random;
    private int words;

    /**
     * @param volumes to learn from what might be asked for; what is so found out is not part of the
     *     history
     */
    Client(
            int number,
            Recorder recorder,
            Recorder.Door door,
            Volumes volumes,
            String backend,
            long seed) {
        this.number = number;
        this.recorder = recorder;
        this.door = door;
        this.volumes = volumes;
        this.backend = backend;
        this.random = new Random(seed);
    }

    /** Looks at something and does something to it. */
    void step() throws Exception {
        String name = volumeName();
        Optional<Answer> seen = ask(new Request.Find(name));
        if (seen.isEmpty() || !(seen.get() instanceof Answer.Found found)) {
            return;
        }
        if (found.volume().isEmpty()) {
            absent(name);
        } else {
            present(found.volume().get().id());
        }
    }

    private void absent(String name) throws Exception {
        List<Trashed> trash = volumes.trash().list(backend, REMEMBERED, "").items();
        if (trash.isEmpty() || random.nextInt(3) == 0) {
            var _ = ask(new Request.Create(name, MIB));
            return;
        }
        Trashed one = trash.get(random.nextInt(trash.size()));
        UUID volume = one.volume().value();
        Optional<UUID> snapshot = one.target().snapshot().map(SnapshotId::value);
        var _ =
                ask(
                        random.nextInt(3) > 0
                                ? new Request.Restore(
                                        volume,
                                        snapshot,
                                        snapshot.isPresent() ? snapshotName() : name)
                                : new Request.Purge(volume, snapshot));
    }

    private void present(UUID volume) throws Exception {
        switch (random.nextInt(22)) {
            case 0, 1 -> ask(new Request.Cut(volume, snapshotName()));
            case 2, 3, 4 -> ask(new Request.Delete(volume));
            case 5, 6, 7, 8, 9, 10 -> snapshot(volume);
            case 11 -> ask(new Request.Clone(volume, volumeName()));
            case 12 -> ask(new Request.Rename(volume, volumeName()));
            case 13 -> ask(new Request.Extend(volume, MIB + random.nextInt(64) * 4096L));
            case 14 -> ask(new Request.Revert(volume, snapshotName()));
            case 15 -> ask(new Request.Connect(volume, "h" + random.nextInt(2)));
            case 16 -> disconnect(volume);
            case 17 -> ask(new Request.Attach(volume));
            case 18 -> ask(new Request.Detach(volume));
            case 19 -> ask(new Request.Write(volume, "word %d/%d".formatted(number, words++)));
            case 20 -> ask(new Request.Read(volume));
            default -> ask(new Request.Cleanup(volume));
        }
    }

    private void snapshot(UUID volume) throws Exception {
        Optional<Answer> seen = ask(new Request.FindSnapshot(volume, snapshotName()));
        if (seen.isEmpty()
                || !(seen.get() instanceof Answer.FoundSnapshot found)
                || found.snapshot().isEmpty()) {
            return;
        }
        UUID snapshot = found.snapshot().get();
        switch (random.nextInt(8)) {
            case 0, 1, 2, 3, 4 -> ask(new Request.DeleteSnapshot(volume, snapshot));
            case 5 -> ask(new Request.RenameSnapshot(volume, snapshot, snapshotName()));
            default -> ask(new Request.CreateFrom(volume, snapshot, volumeName()));
        }
    }

    private void disconnect(UUID volume) throws Exception {
        Optional<UUID> connection =
                volumes.connections().of(new VolumeId(volume)).stream()
                        .filter(one -> !one.local())
                        .map(Connection::id)
                        .map(id -> id.value())
                        .findFirst();
        if (connection.isPresent()) {
            var _ = ask(new Request.Disconnect(volume, connection.get()));
        }
    }

    private Optional<Answer> ask(Request request) throws Exception {
        return recorder.ask(number, door, request);
    }

    private String volumeName() {
        return "v" + random.nextInt(VOLUMES);
    }

    private String snapshotName() {
        return "s" + random.nextInt(SNAPSHOTS);
    }
}
