package io.cairn.daemon.volume.history;

import io.cairn.daemon.volume.NewConnection;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Trashed;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Asks the volumes themselves, in this process. */
final class DirectDoor implements Recorder.Door {
    private static final Answer DONE = new Answer.Done();

    private final Volumes volumes;
    private final String backend;
    private final Slate.Provider slate;

    DirectDoor(Volumes volumes, String backend, Slate.Provider slate) {
        this.volumes = volumes;
        this.backend = backend;
        this.slate = slate;
    }

    @Override
    public Optional<Answer> ask(Request request) throws Exception {
        try {
            return switch (request) {
                case Request.Find find -> found(volumes.volume(backend, find.name()));
                case Request.FindSnapshot find -> foundSnapshot(find);
                case Request.Write write ->
                        Optional.of(DONE).filter(_ -> slate.write(write.volume(), write.word()));
                case Request.Read read -> slate.word(read.volume()).map(Answer.Held::new);
                default -> Optional.of(change(request));
            };
        } catch (OperationException e) {
            return Optional.of(new Answer.Refused(e.code()));
        }
    }

    private Answer change(Request request) throws OperationException, InterruptedException {
        return switch (request) {
            case Request.Create create ->
                    made(
                            volumes.createVolume(
                                    backend, NewVolume.named(create.name(), create.size())));
            case Request.CreateFrom from ->
                    made(
                            volumes.createFromSnapshot(
                                    new SnapshotId(from.snapshot()), NewVolume.named(from.name())));
            case Request.Clone clone ->
                    made(volumes.cloneVolume(id(clone.volume()), NewVolume.named(clone.name())));
            case Request.Cut cut -> {
                Snapshot made =
                        volumes.createSnapshot(id(cut.volume()), NewSnapshot.named(cut.name()));
                UUID id = made.id().value();
                yield new Answer.Made(id, made.sizeBytes(), slate.born(id));
            }
            case Request.Rename rename -> {
                Volume _ = volumes.alterations().rename(id(rename.volume()), rename.name());
                yield DONE;
            }
            case Request.RenameSnapshot rename -> {
                Snapshot _ =
                        volumes.alterations()
                                .rename(new SnapshotId(rename.snapshot()), rename.name());
                yield DONE;
            }
            case Request.Extend extend -> {
                Volume _ = volumes.alterations().extend(id(extend.volume()), extend.size());
                yield DONE;
            }
            case Request.Revert revert -> {
                Volume _ = volumes.alterations().revert(id(revert.volume()), revert.snapshot());
                yield DONE;
            }
            case Request.Delete delete -> {
                volumes.deleteVolume(id(delete.volume()));
                yield DONE;
            }
            case Request.DeleteSnapshot delete -> {
                volumes.deleteSnapshot(new SnapshotId(delete.snapshot()));
                yield DONE;
            }
            case Request.Connect connect ->
                    new Answer.Connected(
                            volumes.connections()
                                    .connect(
                                            Target.of(id(connect.volume())),
                                            new NewConnection(
                                                    connect.host(),
                                                    false,
                                                    Optional.empty(),
                                                    Map.of()))
                                    .id()
                                    .value());
            case Request.Disconnect disconnect -> {
                volumes.connections().disconnect(new ConnectionId(disconnect.connection()));
                yield DONE;
            }
            case Request.Attach attach -> {
                var _ = volumes.connections().attachHere(Target.of(id(attach.volume())), false);
                yield DONE;
            }
            case Request.Detach detach -> {
                volumes.connections().detachHere(Target.of(id(detach.volume())));
                yield DONE;
            }
            case Request.Cleanup cleanup ->
                    new Answer.Ended(volumes.connections().cleanup(id(cleanup.volume())).size());
            case Request.Restore restore -> {
                Target _ =
                        volumes.restoring()
                                .restore(
                                        backend,
                                        restore.snapshot().orElse(restore.volume()).toString(),
                                        restore.name());
                yield DONE;
            }
            case Request.Purge purge -> {
                Trashed _ =
                        volumes.purging()
                                .purge(backend, purge.snapshot().orElse(purge.volume()).toString());
                yield DONE;
            }
            case Request.Find _, Request.FindSnapshot _, Request.Write _, Request.Read _ ->
                    throw new IllegalArgumentException("%s changes nothing".formatted(request));
        };
    }

    private Answer made(Volume made) {
        UUID id = made.id().value();
        return new Answer.Made(id, made.sizeBytes(), slate.born(id));
    }

    private static VolumeId id(UUID id) {
        return new VolumeId(id);
    }

    /** What is being made, deleted or changed is neither this nor that. */
    private static Optional<Answer> found(Optional<Volume> volume) {
        return volume.isPresent() && !atRest(volume.get().state())
                ? Optional.empty()
                : Optional.of(
                        new Answer.Found(
                                volume.map(
                                        there ->
                                                new Answer.Sight(
                                                        there.id().value(),
                                                        there.sizeBytes(),
                                                        there.snapshotCount(),
                                                        there.connectionCount()))));
    }

    private Optional<Answer> foundSnapshot(Request.FindSnapshot find) {
        Optional<Snapshot> there = volumes.snapshot(backend, find.volume().toString(), find.name());
        return there.isPresent() && !atRest(there.get().state())
                ? Optional.empty()
                : Optional.of(
                        new Answer.FoundSnapshot(there.map(snapshot -> snapshot.id().value())));
    }

    private static boolean atRest(ObjectState state) {
        return state == ObjectState.AVAILABLE || state == ObjectState.IN_USE;
    }
}
