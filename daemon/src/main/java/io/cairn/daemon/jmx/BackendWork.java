package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.ConnectionPage;
import io.cairn.daemon.jmx.Rows.DeletedPage;
import io.cairn.daemon.jmx.Rows.UnmanagedPage;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Deleted;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Tombstones;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Unmanaged;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a backend does with the volumes and snapshots that it has, each by its name or its UUID, for
 * scripts that hold one and need not build the name of an MBean. Safe for many threads.
 */
class BackendWork {
    /** Begins the continuations of what is unmanaged. */
    private static final String AFTER = "after:";

    private static final String VOLUME = "The volume's name or UUID";
    private static final String SNAPSHOT = "The snapshot's UUID, or VOLUME/SNAPSHOT by their names";
    private static final String CONFIRM =
            "The same once more, so that nothing is deleted by a slip";

    private final Volumes volumes;
    private final String backend;

    BackendWork(Volumes volumes, String backend) {
        this.volumes = volumes;
        this.backend = backend;
    }

    @ReadOperation("Finds a volume of the backend; returns its ObjectName")
    String findVolume(@Description(VOLUME) String volume) throws OperationException {
        return BeanNames.volume(volume(volume)).toString();
    }

    @ReadOperation("Finds a snapshot of a volume of the backend; returns its ObjectName")
    String findSnapshot(@Description(SNAPSHOT) String snapshot) throws OperationException {
        return BeanNames.snapshot(snapshot(snapshot)).toString();
    }

    @WriteOperation(
            value =
                    "Deletes a volume, unless it has snapshots or connections or is held; one that was deleted already is no error",
            role = Role.OPERATOR)
    String deleteVolume(@Description(VOLUME) String volume, @Description(CONFIRM) String confirm)
            throws OperationException, InterruptedException {
        requireSame(volume, confirm);
        Optional<Volume> there = volumes.volume(backend, volume);
        if (there.isEmpty()) {
            return gone(volume, deleted(Deleted.Kind.VOLUME, volume));
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
        Optional<Snapshot> there = there(snapshot);
        if (there.isEmpty()) {
            return gone(snapshot, deleted(Deleted.Kind.SNAPSHOT, snapshot));
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
        return volumes.freedByDeleting(snapshot(snapshot).id());
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
        return volumes.alterations().extend(volume(volume).id(), Requests.size(size)).sizeBytes();
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
                                volume(volume).id(), Requests.newClone(name, properties)))
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
                                snapshot(snapshot).id(), Requests.newClone(name, properties)))
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
                                volume(volume).id(), Requests.newSnapshot(name, properties)))
                .toString();
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
        return BeanNames.volume(volumes.alterations().revert(volume(volume).id(), snapshot))
                .toString();
    }

    @WriteOperation(
            value = "Gives a volume another name; returns its new ObjectName",
            role = Role.OPERATOR)
    String renameVolume(
            @Description(VOLUME) String volume,
            @Description("The new name, unique in the backend") String name)
            throws OperationException, InterruptedException {
        return BeanNames.volume(volumes.alterations().rename(volume(volume).id(), name)).toString();
    }

    @ReadOperation(
            value =
                    "What lies on the backend and is not Cairn's, in the order of its paths, a page at a time; asks the driver",
            role = Role.OPERATOR)
    UnmanagedPage listUnmanaged(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return Texts.unmanaged(unmanaged(limit, continuation));
    }

    @ReadOperation(value = "The same as a table in plain text", role = Role.OPERATOR)
    String listUnmanagedText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return Texts.unmanagedTable(unmanaged(limit, continuation));
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

    @ReadOperation(
            "The connections of hosts to the backend's volumes and snapshots, newest first, a page at a time")
    ConnectionPage listConnections(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        Page<Connection> page = connections(limit, continuation);
        return new ConnectionPage(
                page.items().stream().map(Texts::row).toList(), page.continuation());
    }

    @ReadOperation("The same connections as a table in plain text")
    String listConnectionsText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        return Texts.connectionTable(connections(limit, continuation));
    }

    @ReadOperation("What was deleted and is still remembered, the last first, a page at a time")
    DeletedPage listDeleted(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        return Texts.deleted(deletedPage(limit, continuation));
    }

    @ReadOperation("The same as a table in plain text")
    String listDeletedText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        return Texts.deletedTable(deletedPage(limit, continuation));
    }

    /** The continuation is the last path, so that it stays right whatever comes and goes. */
    private Page<Unmanaged> unmanaged(int limit, String continuation)
            throws OperationException, InterruptedException {
        int most = Requests.limit(limit);
        if (!continuation.isEmpty() && !continuation.startsWith(AFTER)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no continuation: pass the one that the page before it came with, or nothing"
                            .formatted(Names.shortened(continuation)));
        }
        List<Unmanaged> rest =
                volumes.unmanaged(backend).stream()
                        .filter(one -> (AFTER + one.path()).compareTo(continuation) > 0)
                        .sorted(Comparator.comparing(Unmanaged::path))
                        .toList();
        boolean more = rest.size() > most;
        List<Unmanaged> items = more ? rest.subList(0, most) : rest;
        return new Page<>(items, more ? AFTER + items.getLast().path() : "");
    }

    private Page<Connection> connections(int limit, String continuation) throws OperationException {
        return volumes.connections().of(backend, Requests.limit(limit), continuation.strip());
    }

    private Page<Deleted> deletedPage(int limit, String continuation) throws OperationException {
        return volumes.tombstones().list(backend, Requests.limit(limit), continuation.strip());
    }

    private Volume volume(String nameOrId) throws OperationException {
        Optional<Volume> there = volumes.volume(backend, nameOrId);
        if (there.isEmpty()) {
            throw missing("volume", nameOrId, deleted(Deleted.Kind.VOLUME, nameOrId));
        }
        return there.get();
    }

    private Snapshot snapshot(String pathOrId) throws OperationException {
        Optional<Snapshot> there = there(pathOrId);
        if (there.isEmpty()) {
            throw missing("snapshot", pathOrId, deleted(Deleted.Kind.SNAPSHOT, pathOrId));
        }
        return there.get();
    }

    private Optional<Snapshot> there(String pathOrId) {
        int slash = pathOrId.indexOf('/');
        if (slash >= 0) {
            return volumes.snapshot(
                    backend, pathOrId.substring(0, slash), pathOrId.substring(slash + 1));
        }
        return uuid(pathOrId)
                .flatMap(id -> volumes.snapshot(new SnapshotId(id)))
                .filter(found -> found.backend().equals(backend));
    }

    private Optional<Deleted> deleted(Deleted.Kind kind, String asked) {
        int slash = asked.indexOf('/');
        Optional<Deleted> named =
                volumes.tombstones().find(backend, kind, asked.substring(slash + 1));
        if (slash >= 0) {
            return named.filter(deleted -> deleted.volumeName().equals(asked.substring(0, slash)));
        }
        return uuid(asked)
                .flatMap(volumes.tombstones()::find)
                .filter(deleted -> deleted.backend().equals(backend) && deleted.kind() == kind)
                .or(() -> kind == Deleted.Kind.VOLUME ? named : Optional.empty());
    }

    private OperationException missing(String what, String asked, Optional<Deleted> deleted) {
        if (deleted.isPresent()) {
            return Tombstones.gone(deleted.get());
        }
        return new OperationException(
                Code.NOT_FOUND,
                "backend %s has no %s '%s'; %s"
                        .formatted(
                                backend,
                                what,
                                Names.shortened(asked),
                                what.equals("snapshot")
                                        ? "give its UUID, or VOLUME/SNAPSHOT by their names"
                                        : "give its name or its UUID"));
    }

    private String gone(String asked, Optional<Deleted> deleted) throws OperationException {
        if (deleted.isEmpty()) {
            throw missing("volume or snapshot", asked, deleted);
        }
        return "%s was deleted already, at %s".formatted(asked, deleted.get().deletedAt());
    }

    private static void requireSame(String asked, String confirm) throws OperationException {
        if (!asked.equals(confirm)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not '%s', and nothing was changed: give the same twice"
                            .formatted(Names.shortened(confirm), Names.shortened(asked)));
        }
    }

    private static Optional<UUID> uuid(String text) {
        try {
            return Optional.of(UUID.fromString(text)).filter(id -> id.toString().equals(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
