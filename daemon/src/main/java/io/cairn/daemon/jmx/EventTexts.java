package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.VolumeEvent;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.daemon.volume.VolumeEvent.Alteration;
import io.cairn.daemon.volume.VolumeEvent.ConnectionChanged;
import io.cairn.daemon.volume.VolumeEvent.OperationFailed;
import io.cairn.daemon.volume.VolumeEvent.OperationUndone;
import io.cairn.daemon.volume.VolumeEvent.SnapshotAltered;
import io.cairn.daemon.volume.VolumeEvent.SnapshotCreated;
import io.cairn.daemon.volume.VolumeEvent.SnapshotDeleted;
import io.cairn.daemon.volume.VolumeEvent.StateChanged;
import io.cairn.daemon.volume.VolumeEvent.VolumeAltered;
import io.cairn.daemon.volume.VolumeEvent.VolumeCreated;
import io.cairn.daemon.volume.VolumeEvent.VolumeDeleted;
import io.cairn.daemon.volume.VolumeEvent.VolumeReleased;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import javax.management.MBeanNotificationInfo;
import javax.management.ObjectName;

/** What listeners are told of an event. */
final class EventTexts {
    private static final String VOLUME_CREATED = "cairn.volume.created";
    private static final String VOLUME_DELETED = "cairn.volume.deleted";
    private static final String VOLUME_UNMANAGED = "cairn.volume.unmanaged";
    private static final String SNAPSHOT_CREATED = "cairn.snapshot.created";
    private static final String SNAPSHOT_DELETED = "cairn.snapshot.deleted";
    private static final String OPERATION_FAILED = "cairn.operation.failed";
    private static final String OPERATION_UNDONE = "cairn.operation.undone";

    private static final String VOLUME_TYPES = "cairn.volume.";
    private static final String VOLUME_STATE = "cairn.volume.state";
    private static final String SNAPSHOT_TYPES = "cairn.snapshot.";
    private static final String CONNECTION_TYPES = "cairn.connection.";

    /** A filter of types goes by how they begin, so that one for the plain type takes both. */
    private static final String RECOVERED = ".recovered";

    private static final List<String> OF_SNAPSHOTS =
            Stream.concat(
                            Stream.of(SNAPSHOT_CREATED, SNAPSHOT_DELETED),
                            Stream.of(
                                            Alteration.RENAMED,
                                            Alteration.DESCRIBED,
                                            Alteration.HELD,
                                            Alteration.RELEASED)
                                    .map(what -> SNAPSHOT_TYPES + what))
                    .toList();
    private static final List<String> OF_CONNECTIONS =
            Arrays.stream(Access.values()).map(what -> CONNECTION_TYPES + what).toList();
    private static final List<String> OF_VOLUMES =
            Stream.concat(
                            Stream.of(VOLUME_CREATED, VOLUME_DELETED, VOLUME_UNMANAGED),
                            Arrays.stream(Alteration.values()).map(what -> VOLUME_TYPES + what))
                    .toList();

    static final MBeanNotificationInfo SNAPSHOT =
            info(
                    "The snapshot was created, deleted or changed; .recovered: by settling what was unfinished",
                    List.of(OF_SNAPSHOTS));
    static final MBeanNotificationInfo CONNECTION =
            info(
                    "The host was connected, attached, detached or disconnected, or lost its access; .recovered: by settling what was unfinished",
                    List.of(OF_CONNECTIONS));
    static final MBeanNotificationInfo VOLUME =
            info(
                    "The volume, a snapshot of it or a connection to it was created, deleted or changed, or its state is another; .recovered: by settling what was unfinished",
                    List.of(OF_VOLUMES, List.of(VOLUME_STATE), OF_SNAPSHOTS, OF_CONNECTIONS));
    static final MBeanNotificationInfo ALL =
            info(
                    "A volume, snapshot or connection was created, deleted or changed, or an operation failed or was undone; .recovered: by settling what was unfinished",
                    List.of(
                            OF_VOLUMES,
                            List.of(VOLUME_STATE),
                            OF_SNAPSHOTS,
                            OF_CONNECTIONS,
                            List.of(OPERATION_FAILED, OPERATION_UNDONE)));

    /** Whether an MBean came or went by an event. */
    enum Change {
        CAME,
        STAYED,
        WENT
    }

    record Target(ObjectName name, Change change) {}

    /** One event for all MBeans that it concerns, the nearest first. */
    record Told(String type, String message, EventData data, List<Target> targets) {}

    @Description("What happened")
    record EventData(
            @Description("The notification's type") String type,
            @Description("The backend's name") String backend,
            @Description(
                            "The ObjectName of the volume, snapshot or connection; empty if an operation failed or was undone")
                    String objectName,
            @Description("The UUID of the volume, snapshot or connection; empty as well") String id,
            @Description("The volume's name; empty as well") String volume,
            @Description("The snapshot's name; empty if it is about a volume") String snapshot,
            @Description("Whether it came of settling an operation that was unfinished")
                    boolean recovered,
            @Description("The operation that failed or was undone; empty otherwise")
                    String operation,
            @Description("The code of the failure; empty if none failed") String code,
            @Description("Why it failed or was undone; empty otherwise") String reason,
            @Description("Whether it is not known yet what became of it") boolean unfinished) {}

    private EventTexts() {}

    static Told of(VolumeEvent event) {
        return switch (event) {
            case VolumeCreated(Volume volume, boolean recovered) ->
                    told(VOLUME_CREATED, volume, recovered, "was created", Change.CAME);
            case VolumeDeleted(Volume volume, boolean recovered) ->
                    told(VOLUME_DELETED, volume, recovered, "was deleted", Change.WENT);
            case VolumeReleased(Volume volume, String place, boolean recovered) ->
                    told(
                            VOLUME_UNMANAGED,
                            volume,
                            recovered,
                            "was given up and is " + place + " now",
                            Change.WENT);
            case VolumeAltered(Volume before, Volume after, Alteration what, boolean recovered) ->
                    renamed(
                            told(
                                    VOLUME_TYPES + what,
                                    after,
                                    recovered,
                                    said(what, after.name(), after.sizeBytes()),
                                    Change.CAME),
                            BeanNames.volume(before));
            case StateChanged(Volume volume, ObjectState from, ObjectState to) ->
                    told(
                            VOLUME_STATE,
                            volume,
                            false,
                            "was %s and is %s".formatted(from, to),
                            Change.STAYED);
            case SnapshotAltered(
                            Snapshot before,
                            Snapshot after,
                            Alteration what,
                            boolean recovered) ->
                    renamed(
                            told(
                                    SNAPSHOT_TYPES + what,
                                    after,
                                    recovered,
                                    said(what, after.name(), after.sizeBytes()),
                                    Change.CAME),
                            BeanNames.snapshot(before));
            case ConnectionChanged(Connection connection, Access what, boolean recovered) ->
                    told(connection, what, recovered);
            case SnapshotCreated(Snapshot snapshot, boolean recovered) ->
                    told(SNAPSHOT_CREATED, snapshot, recovered, "was created", Change.CAME);
            case SnapshotDeleted(Snapshot snapshot, boolean recovered) ->
                    told(SNAPSHOT_DELETED, snapshot, recovered, "was deleted", Change.WENT);
            case OperationFailed failed ->
                    new Told(
                            OPERATION_FAILED,
                            "%s failed: %s: %s%s"
                                    .formatted(
                                            failed.what(),
                                            failed.code(),
                                            failed.reason(),
                                            failed.unfinished()
                                                    ? " (it is unfinished; the daemon will settle it)"
                                                    : ""),
                            operation(
                                    OPERATION_FAILED,
                                    failed.backend(),
                                    failed.what(),
                                    failed.code().toString(),
                                    failed.reason(),
                                    failed.unfinished()),
                            containers(failed.backend()));
            case OperationUndone undone ->
                    new Told(
                            OPERATION_UNDONE,
                            "%s was unfinished and is undone: %s"
                                    .formatted(undone.what(), undone.reason()),
                            operation(
                                    OPERATION_UNDONE,
                                    undone.backend(),
                                    undone.what(),
                                    "",
                                    undone.reason(),
                                    false),
                            containers(undone.backend()));
        };
    }

    private static Told told(
            String plainType, Volume volume, boolean recovered, String what, Change change) {
        String type = plainType + (recovered ? RECOVERED : "");
        ObjectName name = BeanNames.volume(volume);
        return new Told(
                type,
                "volume %s of backend %s %s%s"
                        .formatted(volume.name(), volume.backend(), what, settled(recovered)),
                new EventData(
                        type,
                        volume.backend(),
                        name.toString(),
                        volume.id().toString(),
                        volume.name(),
                        "",
                        recovered,
                        "",
                        "",
                        "",
                        false),
                List.of(
                        new Target(name, change),
                        new Target(BeanNames.backend(volume.backend()), Change.STAYED),
                        new Target(BeanNames.DAEMON, Change.STAYED)));
    }

    private static Told told(
            String plainType, Snapshot snapshot, boolean recovered, String what, Change change) {
        String type = plainType + (recovered ? RECOVERED : "");
        ObjectName name = BeanNames.snapshot(snapshot);
        return new Told(
                type,
                "snapshot %s of volume %s of backend %s %s%s"
                        .formatted(
                                snapshot.name(),
                                snapshot.volumeName(),
                                snapshot.backend(),
                                what,
                                settled(recovered)),
                new EventData(
                        type,
                        snapshot.backend(),
                        name.toString(),
                        snapshot.id().toString(),
                        snapshot.volumeName(),
                        snapshot.name(),
                        recovered,
                        "",
                        "",
                        "",
                        false),
                List.of(
                        new Target(name, change),
                        new Target(
                                BeanNames.volume(snapshot.backend(), snapshot.volumeName()),
                                Change.STAYED),
                        new Target(BeanNames.backend(snapshot.backend()), Change.STAYED),
                        new Target(BeanNames.DAEMON, Change.STAYED)));
    }

    private static Told told(Connection connection, Access what, boolean recovered) {
        String type = CONNECTION_TYPES + what + (recovered ? RECOVERED : "");
        ObjectName name = BeanNames.connection(connection);
        Change change =
                switch (what) {
                    case CONNECTED -> Change.CAME;
                    case DISCONNECTED -> Change.WENT;
                    case ATTACHED, DETACHED, LOST -> Change.STAYED;
                };
        return new Told(
                type,
                "host %s %s: %s of backend %s%s%s"
                        .formatted(
                                connection.host(),
                                switch (what) {
                                    case CONNECTED -> "is connected";
                                    case ATTACHED -> "is attached";
                                    case DETACHED -> "is detached";
                                    case DISCONNECTED -> "is disconnected";
                                    case LOST -> "has lost its device";
                                },
                                connection.targetName(),
                                connection.backend(),
                                connection.device().isEmpty() ? "" : " as " + connection.device(),
                                settled(recovered)),
                new EventData(
                        type,
                        connection.backend(),
                        name.toString(),
                        connection.id().toString(),
                        connection.volumeName(),
                        connection.snapshotName(),
                        recovered,
                        "",
                        "",
                        "",
                        false),
                List.of(
                        new Target(name, change),
                        new Target(
                                BeanNames.volume(connection.backend(), connection.volumeName()),
                                Change.STAYED),
                        new Target(BeanNames.backend(connection.backend()), Change.STAYED),
                        new Target(BeanNames.DAEMON, Change.STAYED)));
    }

    /** An object that kept its name neither came nor went; another name went as this one came. */
    private static Told renamed(Told told, ObjectName before) {
        List<Target> targets = new ArrayList<>(told.targets());
        ObjectName now = targets.getFirst().name();
        if (now.equals(before)) {
            targets.set(0, new Target(now, Change.STAYED));
        } else {
            targets.addFirst(new Target(before, Change.WENT));
        }
        return new Told(told.type(), told.message(), told.data(), targets);
    }

    private static String said(Alteration what, String name, long sizeBytes) {
        return switch (what) {
            case EXTENDED -> "was extended to %d bytes".formatted(sizeBytes);
            case REVERTED -> "was reverted to a snapshot";
            case RENAMED -> "has the name %s now".formatted(name);
            case DESCRIBED -> "has another description or other labels";
            case HELD -> "is held";
            case RELEASED -> "is released from a tag";
        };
    }

    private static EventData operation(
            String type, String backend, String what, String code, String reason, boolean open) {
        return new EventData(type, backend, "", "", "", "", false, what, code, reason, open);
    }

    /** The backend is empty where a damaged row does not tell it. */
    private static List<Target> containers(String backend) {
        Target daemon = new Target(BeanNames.DAEMON, Change.STAYED);
        return backend.isEmpty()
                ? List.of(daemon)
                : List.of(new Target(BeanNames.backend(backend), Change.STAYED), daemon);
    }

    private static String settled(boolean recovered) {
        return recovered ? ", by settling what was unfinished" : "";
    }

    private static MBeanNotificationInfo info(String description, List<List<String>> types) {
        String[] all =
                types.stream()
                        .flatMap(List::stream)
                        .flatMap(
                                type ->
                                        type.startsWith("cairn.operation.")
                                                        || type.equals(VOLUME_STATE)
                                                ? Stream.of(type)
                                                : Stream.of(type, type + RECOVERED))
                        .toArray(String[]::new);
        return new MBeanNotificationInfo(all, "javax.management.Notification", description);
    }
}
