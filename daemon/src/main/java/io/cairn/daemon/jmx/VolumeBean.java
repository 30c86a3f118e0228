package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.LabelRow;
import io.cairn.daemon.jmx.Rows.SnapshotPage;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Origin;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.ByteSize;

import java.util.List;
import java.util.function.Function;

import javax.management.ObjectName;

/** A volume, as it was when it was looked up for one call. */
@Description("A volume: a block device's worth of bytes on one backend")
final class VolumeBean {
    /** What JConsole shows in one table, and a screen holds of names. */
    private static final int MAX_SNAPSHOTS = 100;

    private final Volumes volumes;
    private final Volume volume;

    VolumeBean(Volumes volumes, Volume volume) {
        this.volumes = volumes;
        this.volume = volume;
    }

    @Shown("The volume's UUID, which never changes and is never used again")
    String id() {
        return volume.id().toString();
    }

    @Shown("The volume's name, unique in its backend")
    String name() {
        return volume.name();
    }

    @Shown("The MBean of the volume's backend")
    ObjectName backend() {
        return BeanNames.backend(volume.backend());
    }

    @Shown("The pool the volume lies in")
    String pool() {
        return volume.pool();
    }

    @Shown(value = "The volume's exact size in bytes", unit = Unit.BYTES)
    long sizeBytes() {
        return volume.sizeBytes();
    }

    @Shown("The volume's size with a unit")
    String size() {
        return ByteSize.format(volume.sizeBytes());
    }

    @Shown("creating, available or deleting")
    String state() {
        return volume.state().toString();
    }

    @Shown("The state as a number: 1 creating, 2 available, 3 deleting")
    int stateCode() {
        return volume.state().code();
    }

    @Shown("The operator's description of the volume; may be empty")
    String description() {
        return volume.description();
    }

    @Shown("The volume's labels as key=value,key=value; may be empty")
    String labels() {
        return Texts.labels(volume.labels());
    }

    @Shown("The volume's labels, a row each")
    List<LabelRow> labelRows() {
        return Texts.labelRows(volume.labels());
    }

    @Shown("When the volume's creation was asked for, ISO-8601 in UTC")
    String createdAt() {
        return Texts.millis(volume.createdAt());
    }

    @Shown(
            value = "When the volume's creation was asked for, in milliseconds since 1970",
            unit = Unit.MILLISECONDS)
    long createdAtMs() {
        return volume.createdAt().toEpochMilli();
    }

    @Shown(
            "Where the volume's bytes are, in the backend's own words; empty while it is being created")
    String location() {
        return volume.location();
    }

    @Shown("What the volume was made from; empty if it was made empty")
    String origin() {
        return volume.origin().map(this::originText).orElse("");
    }

    @Shown(
            "The ObjectName of the snapshot the volume was made from; empty if there is none, or none any more")
    String originSnapshot() {
        return volume.origin()
                .flatMap(origin -> volumes.snapshot(origin.snapshot()))
                .map(snapshot -> BeanNames.snapshot(snapshot).toString())
                .orElse("");
    }

    @Shown(
            "The ObjectName of the volume that the snapshot belonged to; empty if there is none, or none any more")
    String originVolume() {
        return volume.origin()
                .flatMap(origin -> volumes.volume(origin.volume()))
                .map(source -> BeanNames.volume(source).toString())
                .orElse("");
    }

    @Shown(
            "The MBeans of the volume's snapshots, newest first, 100 at most; listSnapshots gives all")
    List<ObjectName> snapshots() {
        try {
            return volumes.snapshots(ofThis(), MAX_SNAPSHOTS, "").items().stream()
                    .map(BeanNames::snapshot)
                    .toList();
        } catch (OperationException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Shown("How many snapshots the volume has")
    long snapshotCount() {
        return volume.snapshotCount();
    }

    @WriteOperation(
            value = "Cuts a snapshot of the volume as it is now; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String createSnapshot(
            @Description(
                            "The snapshot's name, unique in the volume: lower-case letters, digits, '.', '_', '-'; empty lets Cairn choose")
                    String name)
            throws OperationException, InterruptedException {
        return createSnapshotWith(name, "");
    }

    @WriteOperation(
            value =
                    "Cuts a snapshot of the volume with more properties; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String createSnapshotWith(
            @Description("The snapshot's name, unique in the volume; empty lets Cairn choose")
                    String name,
            @Description(Requests.SNAPSHOT_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        NewSnapshot request = Requests.newSnapshot(name, properties);
        return BeanNames.snapshot(volumes.createSnapshot(volume.id(), request)).toString();
    }

    @WriteOperation(value = "Deletes the volume, unless it has snapshots", role = Role.OPERATOR)
    String delete(
            @Description(
                            "The volume's name or UUID once more, so that nothing is deleted by a slip")
                    String name)
            throws OperationException, InterruptedException {
        requireTyped(name, volume.name(), volume.id().toString());
        volumes.deleteVolume(volume.id());
        return "deleted " + BeanNames.volume(volume);
    }

    @ReadOperation("The volume's snapshots, newest first, a page at a time")
    SnapshotPage listSnapshots(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return snapshotPage(limit, continuation, Texts::snapshots);
    }

    @ReadOperation("The volume's snapshots, newest first, as a table in plain text")
    String listSnapshotsText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return snapshotPage(limit, continuation, Texts::snapshotTable);
    }

    /** Refuses a deletion whose object was not named once more. */
    static void requireTyped(String typed, String name, String id) throws OperationException {
        if (!typed.equals(name) && !typed.equals(id)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not the name of what is to be deleted, and nothing was deleted: type %s to delete it"
                            .formatted(Names.shortened(typed), name));
        }
    }

    private <R> R snapshotPage(int limit, String continuation, Function<Page<Snapshot>, R> form)
            throws OperationException, InterruptedException {
        return Pages.SHARED.page(
                (most, from) -> volumes.snapshots(ofThis(), most, from),
                Pages::bytes,
                Requests.limit(limit),
                continuation.strip(),
                form);
    }

    private Filter ofThis() {
        return Filter.ofVolume(volume.backend(), volume.name());
    }

    private String originText(Origin origin) {
        return volumes.snapshot(origin.snapshot())
                .map(
                        snapshot ->
                                "snapshot %s of volume %s"
                                        .formatted(snapshot.name(), snapshot.volumeName()))
                .orElseGet(
                        () ->
                                "snapshot %s of volume %s, which is deleted"
                                        .formatted(origin.snapshot(), origin.volume()));
    }
}
