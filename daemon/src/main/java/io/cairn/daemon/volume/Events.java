package io.cairn.daemon.volume;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Hands every event to every listener, on the thread on which it happened, and logs it. */
final class Events implements Consumer<VolumeEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(Volumes.class);

    private final List<Consumer<VolumeEvent>> listeners = new CopyOnWriteArrayList<>();

    void add(Consumer<VolumeEvent> listener) {
        listeners.add(listener);
    }

    @Override
    public void accept(VolumeEvent event) {
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
            case VolumeEvent.OperationFailed failed ->
                    LOG.warn("{}: {}", failed.code(), failed.reason());
            case VolumeEvent.OperationUndone undone ->
                    LOG.warn("Undone: {}: {}", undone.what(), undone.reason());
        }
    }

    private static String late(boolean recovered) {
        return recovered ? ", which had been left unfinished" : "";
    }
}
