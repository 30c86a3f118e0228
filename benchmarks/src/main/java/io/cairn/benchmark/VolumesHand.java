package io.cairn.benchmark;

import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.VolumeId;

import java.util.ArrayDeque;
import java.util.Deque;

/** Calls the volumes as the MBeans do. */
final class VolumesHand implements Hand {
    private final Volumes volumes;
    private final VolumeId volume;
    private final Deque<Snapshot> snapshots = new ArrayDeque<>();

    VolumesHand(Volumes volumes, int client) {
        this.volumes = volumes;
        this.volume = volumes.volume(House.BACKEND, Seed.volumeName(client)).orElseThrow().id();
    }

    @Override
    public Object create(String name) throws Exception {
        Snapshot snapshot = volumes.createSnapshot(volume, NewSnapshot.named(name));
        snapshots.add(snapshot);
        return snapshot;
    }

    @Override
    public Object delete() throws Exception {
        Snapshot snapshot = snapshots.remove();
        volumes.deleteSnapshot(snapshot.id());
        return snapshot;
    }

    @Override
    public void close() {}
}
