package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.ConnectionRow;
import io.cairn.daemon.jmx.Rows.SnapshotPage;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.Target;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** A volume, as it was when it was looked up for one call. */
@Description("A volume: a block device's worth of bytes on one backend")
final class VolumeBean extends VolumeAttributes {
    /** How many snapshots are named of those that would be deleted. */
    private static final int NAMED_SNAPSHOTS = 20;

    private final Supplier<String> who;

    /**
     * @param who the name of whoever calls
     */
    VolumeBean(Volumes volumes, Volume volume, Supplier<String> who) {
        super(volumes, volume);
        this.who = who;
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

    @WriteOperation(
            value = "Deletes the volume, unless it has snapshots or connections or is held",
            role = Role.OPERATOR)
    String delete(
            @Description(
                            "The volume's name or UUID once more, so that nothing is deleted by a slip")
                    String name)
            throws OperationException, InterruptedException {
        requireTyped(name, volume.name(), volume.id().toString(), "deleted");
        volumes.deleteVolume(volume.id());
        return "deleted " + BeanNames.volume(volume);
    }

    @WriteOperation(
            value =
                    "Deletes the volume and all of its snapshots, unless one of them is held or in use; asked with another name it only says what it would delete",
            role = Role.ADMIN)
    String deleteWithSnapshots(
            @Description(
                            "The volume's name or UUID once more; anything else lists what would be deleted")
                    String name)
            throws OperationException, InterruptedException {
        if (!name.equals(volume.name()) && !name.equals(volume.id().toString())) {
            throw new OperationException(
                    Code.INVALID,
                    "nothing was deleted; type %s to delete volume %s and its %s%s"
                            .formatted(
                                    volume.name(),
                                    volume.name(),
                                    Texts.number(volume.snapshotCount(), "snapshot"),
                                    snapshotNames()));
        }
        volumes.deleteWithSnapshots(volume.id());
        return "deleted " + BeanNames.volume(volume);
    }

    @WriteOperation(
            value =
                    "Makes the volume larger, also while it is attached, and its device with it (a host that is connected by NBD sees it when it connects anew); returns its new size in bytes",
            role = Role.OPERATOR)
    long extend(
            @Description("The new size, more than now: a whole number and a unit, such as 20GiB")
                    String size)
            throws OperationException, InterruptedException {
        return volumes.alterations().extend(volume.id(), Requests.size(size)).sizeBytes();
    }

    @WriteOperation(
            value =
                    "Makes a volume with what this one holds at this instant, as big as it; returns the new volume's ObjectName",
            role = Role.OPERATOR)
    String cloneVolume(
            @Description(
                            "The new volume's name, unique in the backend: lower-case letters, digits, '.', '_', '-'; empty lets Cairn choose")
                    String name)
            throws OperationException, InterruptedException {
        return cloneVolumeWith(name, "");
    }

    @WriteOperation(
            value =
                    "Makes a volume with what this one holds at this instant, with more properties, such as a larger size; returns the new volume's ObjectName",
            role = Role.OPERATOR)
    String cloneVolumeWith(
            @Description("The new volume's name, unique in the backend; empty lets Cairn choose")
                    String name,
            @Description(Requests.CLONE_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        NewVolume request = Requests.newClone(name, properties);
        return BeanNames.volume(volumes.cloneVolume(volume.id(), request)).toString();
    }

    @WriteOperation(
            value =
                    "Gives the volume what one of its snapshots holds again; what it holds now is lost, all snapshots stay; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String revert(
            @Description("The snapshot's name or UUID") String snapshot,
            @Description("The volume's name or UUID once more, so that nothing is lost by a slip")
                    String name)
            throws OperationException, InterruptedException {
        requireTyped(name, volume.name(), volume.id().toString(), "reverted");
        return BeanNames.volume(volumes.alterations().revert(volume.id(), snapshot.strip()))
                .toString();
    }

    @WriteOperation(
            value = "Gives the volume another name; returns its new ObjectName",
            role = Role.OPERATOR)
    String rename(@Description("The new name, unique in the backend") String name)
            throws OperationException, InterruptedException {
        return BeanNames.volume(volumes.alterations().rename(volume.id(), name)).toString();
    }

    @ReadOperation(
            value =
                    "Asks the driver what the storage knows of the volume beyond its attributes: KEY=VALUE, a line each; README.md says what the keys mean",
            role = Role.OPERATOR)
    String inspect() throws OperationException, InterruptedException {
        return Inspection.text(volumes.inspect(volume.id()));
    }

    @WriteOperation(
            value = "Sets the volume's description; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String setDescription(@Description("At most 255 characters; empty for none") String description)
            throws OperationException, InterruptedException {
        return BeanNames.volume(volumes.alterations().describe(volume.id(), description))
                .toString();
    }

    @WriteOperation(
            value = "Sets one of the volume's labels; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String setLabel(
            @Description(Requests.LABEL_KEY) String key,
            @Description(Requests.LABEL_VALUE) String value)
            throws OperationException, InterruptedException {
        return BeanNames.volume(volumes.alterations().label(volume.id(), key, value)).toString();
    }

    @WriteOperation(
            value =
                    "Takes one of the volume's labels away, if it is there; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String removeLabel(@Description(Requests.LABEL_KEY) String key)
            throws OperationException, InterruptedException {
        return BeanNames.volume(volumes.alterations().unlabel(volume.id(), key)).toString();
    }

    @WriteOperation(
            value =
                    "Protects the volume from being deleted until the tag is released; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String hold(@Description(Requests.TAG) String tag)
            throws OperationException, InterruptedException {
        volumes.alterations().hold(volume.id(), tag, who.get());
        return BeanNames.volume(volume).toString();
    }

    @WriteOperation(
            value = "Takes a tag of hold off again; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String release(@Description(Requests.TAG) String tag)
            throws OperationException, InterruptedException {
        volumes.alterations().release(volume.id(), tag);
        return BeanNames.volume(volume).toString();
    }

    @WriteOperation(
            value = "Gives the volume up without touching what it holds; returns where that is now",
            role = Role.ADMIN)
    String unmanage(
            @Description(
                            "The volume's name or UUID once more, so that nothing is given up by a slip")
                    String name)
            throws OperationException, InterruptedException {
        requireTyped(name, volume.name(), volume.id().toString(), "given up");
        return volumes.release(volume.id());
    }

    @WriteOperation(
            value =
                    "Gives a host access to the volume; returns the ObjectName of the connection, whose attach makes a block device on this host",
            role = Role.OPERATOR)
    String connect(
            @Description("The host's name; empty for the daemon's own") String host,
            @Description(Requests.CONNECTION_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        Connection made =
                volumes.connections()
                        .connect(Target.of(volume.id()), Requests.newConnection(host, properties));
        return BeanNames.connection(made).toString();
    }

    @WriteOperation(
            value =
                    "Connects the daemon's own host and makes a block device; returns the device's path",
            role = Role.OPERATOR)
    String attach(@Description("rw, or ro for a device that cannot be written") String mode)
            throws OperationException, InterruptedException {
        return volumes.connections()
                .attachHere(Target.of(volume.id()), Requests.readOnly(mode))
                .device();
    }

    @WriteOperation(
            value =
                    "Takes the block device of the daemon's own host away, unless it is open, and disconnects the host",
            role = Role.OPERATOR)
    String detach() throws OperationException, InterruptedException {
        volumes.connections().detachHere(Target.of(volume.id()));
        return "detached " + BeanNames.volume(volume);
    }

    @WriteOperation(
            value =
                    "Detaches and disconnects every host from the volume and its snapshots; returns how many connections there were",
            role = Role.ADMIN)
    String cleanup(
            @Description(
                            "The volume's name or UUID once more, so that nobody loses access by a slip")
                    String name)
            throws OperationException, InterruptedException {
        requireTyped(name, volume.name(), volume.id().toString(), "disconnected");
        int gone = volumes.connections().cleanup(volume.id()).size();
        return "disconnected " + Texts.number(gone, "connection");
    }

    @WriteOperation(
            value =
                    "Gives up a change of the volume that never ends by itself, as if it had not been begun; what it left on the backend stays there; returns what it was",
            role = Role.ADMIN)
    String forgetUnfinished(
            @Description(
                            "The volume's name or UUID once more, so that nothing is given up by a slip")
                    String name)
            throws OperationException, InterruptedException {
        requireTyped(name, volume.name(), volume.id().toString(), "given up");
        return volumes.forgetUnfinished(volume.id());
    }

    @ReadOperation("The connections to the volume and to its snapshots, newest first")
    List<ConnectionRow> listConnections() {
        return volumes.connections().of(volume.id()).stream().map(Texts::row).toList();
    }

    @ReadOperation("The same connections as a table in plain text")
    String listConnectionsText() {
        return Texts.connectionTable(volumes.connections().of(volume.id()));
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

    /**
     * Refuses what would lose something of an object that was not named once more.
     *
     * @param done what would be done to it, as {@code deleted}
     */
    static void requireTyped(String typed, String name, String id, String done)
            throws OperationException {
        if (!typed.equals(name) && !typed.equals(id)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not the name of what is to be %s, and nothing was %s: type %s to have it done"
                            .formatted(Names.shortened(typed), done, done, name));
        }
    }

    private String snapshotNames() {
        List<String> names =
                snapshots().stream()
                        .limit(NAMED_SNAPSHOTS)
                        .map(snapshot -> snapshot.getKeyProperty("snapshot"))
                        .toList();
        long more = volume.snapshotCount() - names.size();
        return names.isEmpty()
                ? ""
                : ": %s%s"
                        .formatted(
                                String.join(", ", names),
                                more > 0 ? " and %d more".formatted(more) : "");
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
}
