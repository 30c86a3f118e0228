package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.ChangedRangePage;
import io.cairn.daemon.jmx.Rows.HoldRow;
import io.cairn.daemon.jmx.Rows.LabelRow;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.ByteSize;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Target;

import java.util.List;
import java.util.function.Supplier;

import javax.management.ObjectName;

/** A snapshot, as it was when it was looked up for one call. */
@Description("A snapshot: what a volume held at one instant")
final class SnapshotBean {
    private static final String SINCE =
            "The name or UUID of the other snapshot, older or newer; empty for where this one may hold anything but zeroes";

    private final Volumes volumes;
    private final Snapshot snapshot;
    private final Supplier<String> who;

    /**
     * @param who the name of whoever calls
     */
    SnapshotBean(Volumes volumes, Snapshot snapshot, Supplier<String> who) {
        this.volumes = volumes;
        this.snapshot = snapshot;
        this.who = who;
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

    @Shown("available, in-use while a host is connected, deleting or error-deleting")
    String state() {
        return snapshot.state().toString();
    }

    @Shown("The state as a number: " + ObjectState.CODES)
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

    @Shown("How many connections hosts have to the snapshot")
    long connectionCount() {
        return snapshot.connectionCount();
    }

    @Shown("The tags that protect the snapshot from being deleted")
    List<HoldRow> holds() {
        return Texts.holdRows(volumes.alterations().holds(snapshot.id()));
    }

    @Shown("How many tags protect the snapshot from being deleted")
    long holdCount() {
        return snapshot.holdCount();
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

    @ReadOperation(
            value =
                    "Asks the driver how many bytes deleting the snapshot would free: about what neither its volume nor another snapshot nor a volume made from one needs",
            role = Role.OPERATOR)
    long measureFreedBytes() throws OperationException, InterruptedException {
        return volumes.freedByDeleting(snapshot.id());
    }

    @ReadOperation(value = "The same with a unit, rounded, for people", role = Role.OPERATOR)
    String measureFreedText() throws OperationException, InterruptedException {
        return PoolBean.rounded(volumes.freedByDeleting(snapshot.id()));
    }

    @ReadOperation(
            value =
                    "Asks the driver where the snapshot may differ from another one of its volume, in the order of the bytes, a page at a time",
            role = Role.OPERATOR)
    ChangedRangePage listChangedRanges(
            @Description(SINCE) String since,
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return Texts.changed(changed(since, limit, continuation));
    }

    @ReadOperation(value = "The same as a table in plain text", role = Role.OPERATOR)
    String listChangedRangesText(
            @Description(SINCE) String since,
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return Texts.changedTable(changed(since, limit, continuation));
    }

    private Page<ChangedRange> changed(String since, int limit, String continuation)
            throws OperationException, InterruptedException {
        return volumes.changed(
                snapshot.id(), since.strip(), Requests.limit(limit), continuation.strip());
    }

    @ReadOperation(
            value =
                    "Asks the driver what the storage knows of the snapshot beyond its attributes: KEY=VALUE, a line each; README.md says what the keys mean",
            role = Role.OPERATOR)
    String inspect() throws OperationException, InterruptedException {
        return Inspection.text(volumes.inspect(snapshot.id()));
    }

    @WriteOperation(
            value =
                    "Deletes the snapshot, unless it is held or in use; volumes made from it live on",
            role = Role.OPERATOR)
    String delete(
            @Description(
                            "The snapshot's name or UUID once more, so that nothing is deleted by a slip")
                    String name)
            throws OperationException, InterruptedException {
        VolumeBean.requireTyped(name, snapshot.name(), snapshot.id().toString(), "deleted");
        volumes.deleteSnapshot(snapshot.id());
        return "deleted " + BeanNames.snapshot(snapshot);
    }

    @WriteOperation(
            value = "Gives the snapshot another name; returns its new ObjectName",
            role = Role.OPERATOR)
    String rename(@Description("The new name, unique in the volume") String name)
            throws OperationException, InterruptedException {
        return BeanNames.snapshot(volumes.alterations().rename(snapshot.id(), name)).toString();
    }

    @WriteOperation(
            value = "Sets the snapshot's description; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String setDescription(@Description("At most 255 characters; empty for none") String description)
            throws OperationException, InterruptedException {
        return BeanNames.snapshot(volumes.alterations().describe(snapshot.id(), description))
                .toString();
    }

    @WriteOperation(
            value = "Sets one of the snapshot's labels; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String setLabel(
            @Description(Requests.LABEL_KEY) String key,
            @Description(Requests.LABEL_VALUE) String value)
            throws OperationException, InterruptedException {
        return BeanNames.snapshot(volumes.alterations().label(snapshot.id(), key, value))
                .toString();
    }

    @WriteOperation(
            value =
                    "Takes one of the snapshot's labels away, if it is there; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String removeLabel(@Description(Requests.LABEL_KEY) String key)
            throws OperationException, InterruptedException {
        return BeanNames.snapshot(volumes.alterations().unlabel(snapshot.id(), key)).toString();
    }

    @WriteOperation(
            value =
                    "Protects the snapshot from being deleted until the tag is released; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String hold(@Description(Requests.TAG) String tag)
            throws OperationException, InterruptedException {
        volumes.alterations().hold(snapshot.id(), tag, who.get());
        return BeanNames.snapshot(snapshot).toString();
    }

    @WriteOperation(
            value = "Takes a tag of hold off again; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String release(@Description(Requests.TAG) String tag)
            throws OperationException, InterruptedException {
        volumes.alterations().release(snapshot.id(), tag);
        return BeanNames.snapshot(snapshot).toString();
    }

    @WriteOperation(
            value =
                    "Gives a host access to the snapshot, to read; returns the ObjectName of the connection, whose attach makes a block device on this host",
            role = Role.OPERATOR)
    String connect(
            @Description("The host's name; empty for the daemon's own") String host,
            @Description(Requests.CONNECTION_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        Connection made =
                volumes.connections()
                        .connect(
                                Target.of(snapshot.volume(), snapshot.id()),
                                Requests.newConnection(host, properties));
        return BeanNames.connection(made).toString();
    }

    @WriteOperation(
            value =
                    "Connects the daemon's own host and makes a block device that cannot be written; returns the device's path",
            role = Role.OPERATOR)
    String attach() throws OperationException, InterruptedException {
        return volumes.connections()
                .attachHere(Target.of(snapshot.volume(), snapshot.id()), true)
                .device();
    }

    @WriteOperation(
            value =
                    "Takes the block device of the daemon's own host away, unless it is open, and disconnects the host",
            role = Role.OPERATOR)
    String detach() throws OperationException, InterruptedException {
        volumes.connections().detachHere(Target.of(snapshot.volume(), snapshot.id()));
        return "detached " + BeanNames.snapshot(snapshot);
    }
}
