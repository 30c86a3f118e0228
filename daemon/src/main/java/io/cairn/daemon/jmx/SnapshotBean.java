package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.LabelRow;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.ByteSize;

import java.util.List;

import javax.management.ObjectName;

/** A snapshot, as it was when it was looked up for one call. */
@Description("A snapshot: what a volume held at one instant")
final class SnapshotBean {
    private final Volumes volumes;
    private final Snapshot snapshot;

    SnapshotBean(Volumes volumes, Snapshot snapshot) {
        this.volumes = volumes;
        this.snapshot = snapshot;
    }

    @Shown("The snapshot's UUID, which never changes and is never used again")
    String id() {
        return snapshot.id().toString();
    }

    @Shown("The snapshot's name, unique in its volume")
    String name() {
        return snapshot.name();
    }

    @Shown("The MBean of the snapshot's backend")
    ObjectName backend() {
        return BeanNames.backend(snapshot.backend());
    }

    @Shown("The MBean of the volume that the snapshot belongs to")
    ObjectName volume() {
        return BeanNames.volume(snapshot.backend(), snapshot.volumeName());
    }

    @Shown("The UUID of the volume that the snapshot belongs to")
    String volumeId() {
        return snapshot.volume().toString();
    }

    @Shown(value = "The volume's size in bytes when the snapshot was cut", unit = Unit.BYTES)
    long sizeBytes() {
        return snapshot.sizeBytes();
    }

    @Shown("The volume's size when the snapshot was cut, with a unit")
    String size() {
        return ByteSize.format(snapshot.sizeBytes());
    }

    @Shown("creating, available or deleting")
    String state() {
        return snapshot.state().toString();
    }

    @Shown("The state as a number: 1 creating, 2 available, 3 deleting")
    int stateCode() {
        return snapshot.state().code();
    }

    @Shown("The operator's description of the snapshot; may be empty")
    String description() {
        return snapshot.description();
    }

    @Shown("The snapshot's labels as key=value,key=value; may be empty")
    String labels() {
        return Texts.labels(snapshot.labels());
    }

    @Shown("The snapshot's labels, a row each")
    List<LabelRow> labelRows() {
        return Texts.labelRows(snapshot.labels());
    }

    @Shown("The instant the snapshot was cut, ISO-8601 in UTC")
    String createdAt() {
        return Texts.millis(snapshot.createdAt());
    }

    @Shown(
            value = "The instant the snapshot was cut, in milliseconds since 1970",
            unit = Unit.MILLISECONDS)
    long createdAtMs() {
        return snapshot.createdAt().toEpochMilli();
    }

    @Shown("Where the snapshot's bytes are, in the backend's own words")
    String location() {
        return snapshot.location();
    }

    @WriteOperation(
            value =
                    "Makes a volume with what the snapshot holds, as big as it; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String createVolume(
            @Description(
                            "The new volume's name, unique in the backend: lower-case letters, digits, '.', '_', '-'; empty lets Cairn choose")
                    String name)
            throws OperationException, InterruptedException {
        return createVolumeWith(name, "");
    }

    @WriteOperation(
            value =
                    "Makes a volume with what the snapshot holds, with more properties, such as a larger size; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String createVolumeWith(
            @Description("The new volume's name, unique in the backend; empty lets Cairn choose")
                    String name,
            @Description(Requests.CLONE_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        NewVolume request = Requests.newClone(name, properties);
        return BeanNames.volume(volumes.createFromSnapshot(snapshot.id(), request)).toString();
    }

    @WriteOperation(
            value = "Deletes the snapshot; volumes made from it live on",
            role = Role.OPERATOR)
    String delete(
            @Description(
                            "The snapshot's name or UUID once more, so that nothing is deleted by a slip")
                    String name)
            throws OperationException, InterruptedException {
        VolumeBean.requireTyped(name, snapshot.name(), snapshot.id().toString());
        volumes.deleteSnapshot(snapshot.id());
        return "deleted " + BeanNames.snapshot(snapshot);
    }
}
