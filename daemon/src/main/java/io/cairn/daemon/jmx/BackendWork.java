package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.volume.Deleted;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import javax.management.ObjectName;

/**
 * What a backend does with the volumes and snapshots that it has, each by its name or its UUID, for
 * scripts that hold one and need not build the name of an MBean. Safe for many threads.
 */
class BackendWork extends BackendLists {
    private static final String VOLUME = "The volume's name or UUID";
    private static final String SNAPSHOT = "The snapshot's UUID, or VOLUME/SNAPSHOT by their names";
    private static final String CONFIRM =
            "The same once more, so that nothing is deleted by a slip";

    private final Volumes volumes;
    private final String backend;
    private final BackendObjects objects;
    private final Supplier<String> who;

    /**
     * @param who the name of whoever calls
     */
    BackendWork(Volumes volumes, String backend, Supplier<String> who) {
        super(volumes, backend);
        this.volumes = volumes;
        this.backend = backend;
        this.objects = new BackendObjects(volumes, backend);
        this.who = who;
    }

    @ReadOperation("Finds a volume of the backend; returns its ObjectName")
    String findVolume(@Description(VOLUME) String volume) throws OperationException {
        return BeanNames.volume(objects.volume(volume)).toString();
    }

    @ReadOperation("Finds a snapshot of a volume of the backend; returns its ObjectName")
    String findSnapshot(@Description(SNAPSHOT) String snapshot) throws OperationException {
        return BeanNames.snapshot(objects.snapshot(snapshot)).toString();
    }

    @WriteOperation(
            value =
                    "Deletes a volume, unless it has snapshots or connections or is held; one that was deleted already is no error",
            role = Role.OPERATOR)
    String deleteVolume(@Description(VOLUME) String volume, @Description(CONFIRM) String confirm)
            throws OperationException, InterruptedException {
        requireSame(volume, confirm);
        Optional<Volume> there = objects.findVolume(volume);
        if (there.isEmpty()) {
            return objects.gone(Deleted.Kind.VOLUME, volume);
        }
        volumes.deleteVolume(there.get().id());
        return "deleted " + BeanNames.volume(there.get());
    }

    @WriteOperation(
            value =
                    "Deletes a snapshot, unless it is held or in use; one that was deleted already is no error",
            role = Role.OPERATOR)
    String deleteSnapshot(
            @Description(SNAPSHOT) String snapshot, @Description(CONFIRM) String confirm)
            throws OperationException, InterruptedException {
        requireSame(snapshot, confirm);
        Optional<Snapshot> there = objects.findSnapshot(snapshot);
        if (there.isEmpty()) {
            return objects.gone(Deleted.Kind.SNAPSHOT, snapshot);
        }
        volumes.deleteSnapshot(there.get().id());
        return "deleted " + BeanNames.snapshot(there.get());
    }

    @ReadOperation(
            value =
                    "Asks the driver how many bytes deleting a snapshot would free: about what neither its volume nor another snapshot nor a volume made from one needs",
            role = Role.OPERATOR)
    long measureFreedBytes(@Description(SNAPSHOT) String snapshot)
            throws OperationException, InterruptedException {
        return volumes.freedByDeleting(objects.snapshot(snapshot).id());
    }

    @ReadOperation(
            value =
                    "Asks the driver what the storage knows of a volume beyond its attributes: KEY=VALUE, a line each; README.md says what the keys mean",
            role = Role.OPERATOR)
    String inspectVolume(@Description(VOLUME) String volume)
            throws OperationException, InterruptedException {
        return Inspection.text(volumes.inspect(objects.volume(volume).id()));
    }

    @ReadOperation(
            value = "Asks the driver what the storage knows of a snapshot, as of a volume",
            role = Role.OPERATOR)
    String inspectSnapshot(@Description(SNAPSHOT) String snapshot)
            throws OperationException, InterruptedException {
        return Inspection.text(volumes.inspect(objects.snapshot(snapshot).id()));
    }

    @WriteOperation(
            value =
                    "Makes a volume larger, also while it is attached, and its device with it (a host that is connected by NBD sees it when it connects anew); returns its new size in bytes",
            role = Role.OPERATOR)
    long extendVolume(
            @Description(VOLUME) String volume,
            @Description("The new size, more than now: a whole number and a unit, such as 20GiB")
                    String size)
            throws OperationException, InterruptedException {
        return volumes.alterations()
                .extend(objects.volume(volume).id(), Requests.size(size))
                .sizeBytes();
    }

    @WriteOperation(
            value =
                    "Makes a volume with what another holds at this instant; returns the new volume's ObjectName",
            role = Role.OPERATOR)
    String cloneVolume(
            @Description(VOLUME) String volume,
            @Description("The new volume's name, unique in the backend; empty lets Cairn choose")
                    String name,
            @Description(Requests.CLONE_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        return BeanNames.volume(
                        volumes.cloneVolume(
                                objects.volume(volume).id(), Requests.newClone(name, properties)))
                .toString();
    }

    @WriteOperation(
            value = "Makes a volume with what a snapshot holds; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String createVolumeFromSnapshot(
            @Description(SNAPSHOT) String snapshot,
            @Description("The new volume's name, unique in the backend; empty lets Cairn choose")
                    String name,
            @Description(Requests.CLONE_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        return BeanNames.volume(
                        volumes.createFromSnapshot(
                                objects.snapshot(snapshot).id(),
                                Requests.newClone(name, properties)))
                .toString();
    }

    @WriteOperation(
            value = "Cuts a snapshot of a volume as it is now; returns the snapshot's ObjectName",
            role = Role.OPERATOR)
    String createSnapshot(
            @Description(VOLUME) String volume,
            @Description("The snapshot's name, unique in the volume; empty lets Cairn choose")
                    String name,
            @Description(Requests.SNAPSHOT_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        return BeanNames.snapshot(
                        volumes.createSnapshot(
                                objects.volume(volume).id(),
                                Requests.newSnapshot(name, properties)))
                .toString();
    }

    @WriteOperation(
            value =
                    "Cuts a snapshot of each of several volumes that no host may write to, all as of one instant: all are made or none; returns their ObjectNames, a line each",
            role = Role.OPERATOR)
    String createGroupSnapshot(
            @Description("The volumes' names or UUIDs, as db1,db1-log; at most 100") String volumes,
            @Description("The snapshots' name, unique in each volume") String name,
            @Description(Requests.GROUP_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        NewSnapshot request = Requests.newGroup(name, properties);
        List<VolumeId> group = new ArrayList<>();
        String[] names = volumes.split(", ?", Volumes.MOST_IN_GROUP + 1);
        if (names.length > Volumes.MOST_IN_GROUP) {
            throw Requests.invalid(
                    "these are too many volumes for a group: give %d at most"
                            .formatted(Volumes.MOST_IN_GROUP));
        }
        for (String volume : names) {
            group.add(objects.volume(volume).id());
        }
        return this.volumes.createGroupSnapshot(backend, group, request).stream()
                .map(BeanNames::snapshot)
                .map(ObjectName::toString)
                .collect(Collectors.joining("\n"));
    }

    @WriteOperation(
            value =
                    "Gives a volume what one of its snapshots holds again; what it holds now is lost, all snapshots stay",
            role = Role.OPERATOR)
    String revertVolume(
            @Description(VOLUME) String volume,
            @Description("The snapshot's name or UUID") String snapshot,
            @Description("The volume once more, so that nothing is lost by a slip") String confirm)
            throws OperationException, InterruptedException {
        requireSame(volume, confirm);
        return BeanNames.volume(volumes.alterations().revert(objects.volume(volume).id(), snapshot))
                .toString();
    }

    @WriteOperation(
            value = "Gives a volume another name; returns its new ObjectName",
            role = Role.OPERATOR)
    String renameVolume(
            @Description(VOLUME) String volume,
            @Description("The new name, unique in the backend") String name)
            throws OperationException, InterruptedException {
        return BeanNames.volume(volumes.alterations().rename(objects.volume(volume).id(), name))
                .toString();
    }

    @WriteOperation(
            value = "Sets a volume's description; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String setVolumeDescription(
            @Description(VOLUME) String volume,
            @Description("At most 255 characters; empty for none") String description)
            throws OperationException, InterruptedException {
        return bean(volume).setDescription(description);
    }

    @WriteOperation(
            value = "Sets one of a volume's labels; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String setVolumeLabel(
            @Description(VOLUME) String volume,
            @Description(Requests.LABEL_KEY) String key,
            @Description(Requests.LABEL_VALUE) String value)
            throws OperationException, InterruptedException {
        return bean(volume).setLabel(key, value);
    }

    @WriteOperation(
            value =
                    "Takes one of a volume's labels away, if it is there; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String removeVolumeLabel(
            @Description(VOLUME) String volume, @Description(Requests.LABEL_KEY) String key)
            throws OperationException, InterruptedException {
        return bean(volume).removeLabel(key);
    }

    @WriteOperation(
            value =
                    "Deletes a volume and all of its snapshots, unless one of them is held or in use; asked with another name it only says what it would delete",
            role = Role.ADMIN)
    String deleteVolumeWithSnapshots(
            @Description(VOLUME) String volume,
            @Description(
                            "The volume's name or UUID once more; anything else lists what would be deleted")
                    String confirm)
            throws OperationException, InterruptedException {
        return bean(volume).deleteWithSnapshots(confirm);
    }

    @WriteOperation(
            value =
                    "Takes over as a volume what lies on the backend and is not Cairn's, without a copy; returns the volume's ObjectName",
            role = Role.ADMIN)
    String adopt(
            @Description("Which, as listUnmanaged gives it") String path,
            @Description("The volume's name, unique in the backend; empty lets Cairn choose")
                    String name)
            throws OperationException, InterruptedException {
        return adoptWith(path, name, "");
    }

    @WriteOperation(
            value = "As adopt, with more properties; returns the volume's ObjectName",
            role = Role.ADMIN)
    String adoptWith(
            @Description("Which, as listUnmanaged gives it") String path,
            @Description("The volume's name, unique in the backend; empty lets Cairn choose")
                    String name,
            @Description(Requests.ADOPTED_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        return BeanNames.volume(volumes.adopt(backend, path, Requests.adopted(name, properties)))
                .toString();
    }

    private VolumeBean bean(String nameOrId) throws OperationException {
        return new VolumeBean(volumes, objects.volume(nameOrId), who);
    }

    static void requireSame(String asked, String confirm) throws OperationException {
        if (!asked.equals(confirm)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not '%s', and nothing was changed: give the same twice"
                            .formatted(Names.shortened(confirm), Names.shortened(asked)));
        }
    }
}
