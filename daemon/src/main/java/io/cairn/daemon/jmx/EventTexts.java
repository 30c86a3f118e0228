package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.VolumeEvent;
import io.cairn.daemon.volume.VolumeEvent.OperationFailed;
import io.cairn.daemon.volume.VolumeEvent.OperationUndone;
import io.cairn.daemon.volume.VolumeEvent.SnapshotCreated;
import io.cairn.daemon.volume.VolumeEvent.SnapshotDeleted;
import io.cairn.daemon.volume.VolumeEvent.VolumeCreated;
import io.cairn.daemon.volume.VolumeEvent.VolumeDeleted;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import javax.management.MBeanNotificationInfo;
import javax.management.ObjectName;

/** What listeners are told of an event. */
final class EventTexts {
    private static final String VOLUME_CREATED = "cairn.volume.created";
    private static final String VOLUME_DELETED = "cairn.volume.deleted";
    private static final String SNAPSHOT_CREATED = "cairn.snapshot.created";
    private static final String SNAPSHOT_DELETED = "cairn.snapshot.deleted";
    private static final String OPERATION_FAILED = "cairn.operation.failed";
    private static final String OPERATION_UNDONE = "cairn.operation.undone";

    /** A filter of types goes by how they begin, so that one for the plain type takes both. */
    private static final String RECOVERED = ".recovered";

    static final MBeanNotificationInfo SNAPSHOT =
            info(
                    "The snapshot was created or deleted; .recovered: by settling what was unfinished",
                    SNAPSHOT_CREATED,
                    SNAPSHOT_DELETED);
    static final MBeanNotificationInfo VOLUME =
            info(
                    "The volume or a snapshot of it was created or deleted; .recovered: by settling what was unfinished",
                    VOLUME_CREATED,
                    VOLUME_DELETED,
                    SNAPSHOT_CREATED,
                    SNAPSHOT_DELETED);
    static final MBeanNotificationInfo ALL =
            info(
                    "A volume or snapshot was created or deleted, or an operation failed or was undone; .recovered: by settling what was unfinished",
                    VOLUME_CREATED,
                    VOLUME_DELETED,
                    SNAPSHOT_CREATED,
                    SNAPSHOT_DELETED,
                    OPERATION_FAILED,
                    OPERATION_UNDONE);

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
                            "The ObjectName of the volume or snapshot; empty if an operation failed or was undone")
                    String objectName,
            @Description("The UUID of the volume or snapshot; empty as well") String id,
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
            case SnapshotCreated(Snapshot snapshot, boolean recovered) ->
                    told(SNAPSHOT_CREATED, snapshot, recovered, "was created", Change.CAME);
            case SnapshotDeleted(Snapshot snapshot, boolean recovered) ->
                    told(SNAPSHOT_DELETED, snapshot, recovered, "was deleted", Change.WENT);
            case OperationFailed failed ->
                    new Told(
                            OPERATION_FAILED,
                            "%s on backend %s failed: %s: %s%s"
                                    .formatted(
                                            failed.what(),
                                            failed.backend(),
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
                            "%s on backend %s was unfinished and is undone: %s"
                                    .formatted(undone.what(), undone.backend(), undone.reason()),
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

    private static EventData operation(
            String type, String backend, String what, String code, String reason, boolean open) {
        return new EventData(type, backend, "", "", "", "", false, what, code, reason, open);
    }

    private static List<Target> containers(String backend) {
        return List.of(
                new Target(BeanNames.backend(backend), Change.STAYED),
                new Target(BeanNames.DAEMON, Change.STAYED));
    }

    private static String settled(boolean recovered) {
        return recovered ? ", by settling what was unfinished" : "";
    }

    private static MBeanNotificationInfo info(String description, String... types) {
        String[] all =
                Arrays.stream(types)
                        .flatMap(
                                type ->
                                        type.startsWith("cairn.operation.")
                                                ? Stream.of(type)
                                                : Stream.of(type, type + RECOVERED))
                        .toArray(String[]::new);
        return new MBeanNotificationInfo(all, "javax.management.Notification", description);
    }
}
