package io.cairn.daemon.volume;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Hands every event to every listener, on the thread on which it happened, and logs it. */
final class Events implements Consumer<VolumeEvent> {
    static final Logger LOG = LoggerFactory.getLogger(Volumes.class);

    private final List<Consumer<VolumeEvent>> listeners = new CopyOnWriteArrayList<>();
    private final Consumer<VolumeEvent> count;

    /**
     * @param count what is to be counted is told it first
     */
    Events(Consumer<VolumeEvent> count) {
        this.count = count;
    }

    void add(Consumer<VolumeEvent> listener) {
        listeners.add(listener);
    }

    @Override
    public void accept(VolumeEvent event) {
        count.accept(event);
        tell(event);
    }

    /** As {@link #accept}, of what was counted in another way. */
    void tell(VolumeEvent event) {
        log(event);
        for (Consumer<VolumeEvent> listener : listeners) {
            try {
                listener.accept(event);
            } catch (RuntimeException e) {
                // What is told is durable already: nobody who listens can fail it.
                LOG.error("A listener failed on {}", event, e);
            }
        }
    }

    private static void log(VolumeEvent event) {
        switch (event) {
            case VolumeEvent.VolumeCreated(Volume volume, boolean recovered) ->
                    LOG.info(
                            "Created volume {} ({}) of {} bytes on backend {}{}",
                            volume.name(),
                            volume.id(),
                            volume.sizeBytes(),
                            volume.backend(),
                            late(recovered));
            case VolumeEvent.VolumeDeleted(Volume volume, boolean recovered) ->
                    LOG.info(
                            "Deleted volume {} ({}) on backend {}{}",
                            volume.name(),
                            volume.id(),
                            volume.backend(),
                            late(recovered));
            case VolumeEvent.VolumeReleased(Volume volume, String place, boolean recovered) ->
                    LOG.info(
                            "Gave up volume {} ({}) on backend {}, which is {} now{}",
                            volume.name(),
                            volume.id(),
                            volume.backend(),
                            place,
                            late(recovered));
            case VolumeEvent.VolumeAltered(
                            Volume before,
                            Volume after,
                            VolumeEvent.Alteration what,
                            boolean recovered) ->
                    LOG.info(
                            "Volume {} ({}) on backend {} is {}: {}{}",
                            before.name(),
                            after.id(),
                            after.backend(),
                            what,
                            news(what, after.name(), after.sizeBytes()),
                            late(recovered));
            case VolumeEvent.VolumeState(
                            Volume volume,
                            Optional<ObjectState> from,
                            ObjectState to) ->
                    LOG.debug(
                            "Volume {} ({}) on backend {} was {} and is {}",
                            volume.name(),
                            volume.id(),
                            volume.backend(),
                            from.isPresent() ? from.get() : "not there",
                            to);
            case VolumeEvent.SnapshotState(
                            Snapshot snapshot,
                            Optional<ObjectState> from,
                            ObjectState to) ->
                    LOG.debug(
                            "Snapshot {} ({}) of volume {} on backend {} was {} and is {}",
                            snapshot.name(),
                            snapshot.id(),
                            snapshot.volumeName(),
                            snapshot.backend(),
                            from.isPresent() ? from.get() : "not there",
                            to);
            case VolumeEvent.ConnectionState(
                            Connection connection,
                            Optional<Connection.State> from,
                            Optional<Connection.State> to) ->
                    LOG.debug(
                            "Connection {} of host {} to {} on backend {} was {} and is {}",
                            connection.id(),
                            connection.host(),
                            connection.targetName(),
                            connection.backend(),
                            from.isPresent() ? from.get() : "not there",
                            to.isPresent() ? to.get() : "gone");
            case VolumeEvent.SnapshotAltered(
                            Snapshot before,
                            Snapshot after,
                            VolumeEvent.Alteration what,
                            boolean recovered) ->
                    LOG.info(
                            "Snapshot {} ({}) of volume {} on backend {} is {}: {}{}",
                            before.name(),
                            after.id(),
                            after.volumeName(),
                            after.backend(),
                            what,
                            news(what, after.name(), after.sizeBytes()),
                            late(recovered));
            case VolumeEvent.ConnectionChanged(
                            Connection connection,
                            VolumeEvent.Access what,
                            boolean recovered) ->
                    LOG.info(
                            "Host {} is {}: {} on backend {} by {}{}{}",
                            connection.host(),
                            what,
                            connection.targetName(),
                            connection.backend(),
                            connection.protocol(),
                            connection.device().isEmpty() ? "" : " as " + connection.device(),
                            late(recovered));
            case VolumeEvent.SnapshotCreated(Snapshot snapshot, boolean recovered) ->
                    LOG.info(
                            "Created snapshot {} ({}) of volume {} on backend {}, cut at {}{}",
                            snapshot.name(),
                            snapshot.id(),
                            snapshot.volumeName(),
                            snapshot.backend(),
                            snapshot.createdAt(),
                            late(recovered));
            case VolumeEvent.SnapshotDeleted(Snapshot snapshot, boolean recovered) ->
                    LOG.info(
                            "Deleted snapshot {} ({}) of volume {} on backend {}{}",
                            snapshot.name(),
                            snapshot.id(),
                            snapshot.volumeName(),
                            snapshot.backend(),
                            late(recovered));
            case VolumeEvent.BackendForgotten(String backend, Counts gone) ->
                    LOG.warn(
                            "Forgot {} volumes and {} snapshots of backend {}",
                            gone.volumes(),
                            gone.snapshots(),
                            backend);
            case VolumeEvent.BackendBreaker(String backend, boolean open, String reason) -> {
                if (open) {
                    LOG.warn("No work is given to backend {}: {}", backend, reason);
                } else {
                    LOG.info("Backend {} answers again, and is given work", backend);
                }
            }
            case VolumeEvent.OperationFailed failed ->
                    LOG.warn("{}: {}", failed.code(), failed.reason());
            case VolumeEvent.OperationUndone undone ->
                    LOG.warn("Undone: {}: {}", undone.what(), undone.reason());
        }
    }

    private static String news(VolumeEvent.Alteration what, String name, long sizeBytes) {
        return switch (what) {
            case RENAMED -> name;
            case EXTENDED -> sizeBytes + " bytes";
            case REVERTED, DESCRIBED, HELD, RELEASED -> "done";
        };
    }

    private static String late(boolean recovered) {
        return recovered ? ", which had been left unfinished" : "";
    }
}
