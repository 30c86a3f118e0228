package io.cairn.daemon.jmx;

import io.cairn.daemon.driver.BreakerStatus.State;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.VolumeEvent;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.daemon.volume.VolumeEvent.Alteration;
import io.cairn.daemon.volume.VolumeEvent.BackendBreaker;
import io.cairn.daemon.volume.VolumeEvent.BackendForgotten;
import io.cairn.daemon.volume.VolumeEvent.ConnectionChanged;
import io.cairn.daemon.volume.VolumeEvent.ConnectionState;
import io.cairn.daemon.volume.VolumeEvent.OperationFailed;
import io.cairn.daemon.volume.VolumeEvent.OperationUndone;
import io.cairn.daemon.volume.VolumeEvent.SnapshotAltered;
import io.cairn.daemon.volume.VolumeEvent.SnapshotCreated;
import io.cairn.daemon.volume.VolumeEvent.SnapshotDeleted;
import io.cairn.daemon.volume.VolumeEvent.SnapshotState;
import io.cairn.daemon.volume.VolumeEvent.VolumeAltered;
import io.cairn.daemon.volume.VolumeEvent.VolumeCreated;
import io.cairn.daemon.volume.VolumeEvent.VolumeDeleted;
import io.cairn.daemon.volume.VolumeEvent.VolumeReleased;
import io.cairn.daemon.volume.VolumeEvent.VolumeState;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import javax.management.ObjectName;

/** What listeners are told of an event. */
final class EventTexts {
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
            @Description(
                            "The state before, if that is another now; empty if it was not there, and if this is not about a state")
                    String from,
            @Description("The state now; empty if it is gone, and if this is not about a state")
                    String to,
            @Description("Whether it came of settling an operation that was unfinished")
                    boolean recovered,
            @Description("The operation that failed or was undone; empty otherwise")
                    String operation,
            @Description("The code of the failure; empty if none failed") String code,
            @Description("Why it failed or was undone, or the breaker opened; empty otherwise")
                    String reason,
            @Description("Whether it is not known yet what became of it") boolean unfinished) {}

    /**
     * What an event is about.
     *
     * @param words what to call it in a message
     * @param snapshot empty if it is about a volume
     * @param above the MBeans that tell of it too
     */
    private record Subject(
            String words,
            String backend,
            ObjectName name,
            String id,
            String volume,
            String snapshot,
            List<ObjectName> above) {
        static Subject of(Volume volume) {
            return new Subject(
                    "volume %s of backend %s".formatted(volume.name(), volume.backend()),
                    volume.backend(),
                    BeanNames.volume(volume),
                    volume.id().toString(),
                    volume.name(),
                    "",
                    List.of(BeanNames.backend(volume.backend()), BeanNames.DAEMON));
        }

        static Subject of(Snapshot snapshot) {
            return new Subject(
                    "snapshot %s of volume %s of backend %s"
                            .formatted(snapshot.name(), snapshot.volumeName(), snapshot.backend()),
                    snapshot.backend(),
                    BeanNames.snapshot(snapshot),
                    snapshot.id().toString(),
                    snapshot.volumeName(),
                    snapshot.name(),
                    List.of(
                            BeanNames.volume(snapshot.backend(), snapshot.volumeName()),
                            BeanNames.backend(snapshot.backend()),
                            BeanNames.DAEMON));
        }

        static Subject of(Connection connection) {
            return new Subject(
                    "the connection of host %s to %s of backend %s"
                            .formatted(
                                    connection.host(),
                                    connection.targetName(),
                                    connection.backend()),
                    connection.backend(),
                    BeanNames.connection(connection),
                    connection.id().toString(),
                    connection.volumeName(),
                    connection.snapshotName(),
                    List.of(
                            BeanNames.volume(connection.backend(), connection.volumeName()),
                            BeanNames.backend(connection.backend()),
                            BeanNames.DAEMON));
        }
    }

    private EventTexts() {}

    static Told of(VolumeEvent event) {
        return switch (event) {
            case VolumeCreated(Volume volume, boolean recovered) ->
                    happened(
                            EventTypes.VOLUME_CREATED,
                            Subject.of(volume),
                            recovered,
                            "was created",
                            Change.CAME);
            case VolumeDeleted(Volume volume, boolean recovered) ->
                    happened(
                            EventTypes.VOLUME_DELETED,
                            Subject.of(volume),
                            recovered,
                            "was deleted",
                            Change.WENT);
            case VolumeReleased(Volume volume, String place, boolean recovered) ->
                    happened(
                            EventTypes.VOLUME_UNMANAGED,
                            Subject.of(volume),
                            recovered,
                            "was given up and is " + place + " now",
                            Change.WENT);
            case VolumeAltered(Volume before, Volume after, Alteration what, boolean recovered) ->
                    renamed(
                            happened(
                                    EventTypes.VOLUMES + what,
                                    Subject.of(after),
                                    recovered,
                                    said(what, after.name(), after.sizeBytes()),
                                    Change.CAME),
                            BeanNames.volume(before));
            case VolumeState(Volume volume, Optional<ObjectState> from, ObjectState to) ->
                    moved(EventTypes.VOLUME_STATE, Subject.of(volume), from, Optional.of(to));
            case SnapshotCreated(Snapshot snapshot, boolean recovered) ->
                    happened(
                            EventTypes.SNAPSHOT_CREATED,
                            Subject.of(snapshot),
                            recovered,
                            "was created",
                            Change.CAME);
            case SnapshotDeleted(Snapshot snapshot, boolean recovered) ->
                    happened(
                            EventTypes.SNAPSHOT_DELETED,
                            Subject.of(snapshot),
                            recovered,
                            "was deleted",
                            Change.WENT);
            case SnapshotAltered(
                            Snapshot before,
                            Snapshot after,
                            Alteration what,
                            boolean recovered) ->
                    renamed(
                            happened(
                                    EventTypes.SNAPSHOTS + what,
                                    Subject.of(after),
                                    recovered,
                                    said(what, after.name(), after.sizeBytes()),
                                    Change.CAME),
                            BeanNames.snapshot(before));
            case SnapshotState(Snapshot snapshot, Optional<ObjectState> from, ObjectState to) ->
                    moved(EventTypes.SNAPSHOT_STATE, Subject.of(snapshot), from, Optional.of(to));
            case ConnectionChanged(Connection connection, Access what, boolean recovered) ->
                    accessed(connection, what, recovered);
            case ConnectionState(
                            Connection connection,
                            Optional<Connection.State> from,
                            Optional<Connection.State> to) ->
                    moved(EventTypes.CONNECTION_STATE, Subject.of(connection), from, to);
            case BackendForgotten(String backend, Counts gone) ->
                    new Told(
                            EventTypes.BACKEND_FORGOTTEN,
                            "%d volumes and %d snapshots of backend %s are forgotten"
                                    .formatted(gone.volumes(), gone.snapshots(), backend),
                            operation(EventTypes.BACKEND_FORGOTTEN, backend, "", "", "", false),
                            containers(backend));
            case BackendBreaker breaker -> breaker(breaker);
            case OperationFailed failed ->
                    new Told(
                            EventTypes.OPERATION_FAILED,
                            "%s failed: %s: %s%s"
                                    .formatted(
                                            failed.what(),
                                            failed.code(),
                                            failed.reason(),
                                            failed.unfinished()
                                                    ? " (it is unfinished; the daemon will settle it)"
                                                    : ""),
                            operation(
                                    EventTypes.OPERATION_FAILED,
                                    failed.backend(),
                                    failed.what(),
                                    failed.code().toString(),
                                    failed.reason(),
                                    failed.unfinished()),
                            containers(failed.backend()));
            case OperationUndone undone ->
                    new Told(
                            EventTypes.OPERATION_UNDONE,
                            "%s was unfinished and is undone: %s"
                                    .formatted(undone.what(), undone.reason()),
                            operation(
                                    EventTypes.OPERATION_UNDONE,
                                    undone.backend(),
                                    undone.what(),
                                    "",
                                    undone.reason(),
                                    false),
                            containers(undone.backend()));
        };
    }

    private static Told breaker(BackendBreaker breaker) {
        String closed = State.CLOSED.toString();
        String open = State.OPEN.toString();
        return new Told(
                EventTypes.BACKEND_BREAKER,
                breaker.open()
                        ? "backend %s does not answer, and no work is given to it: %s"
                                .formatted(breaker.backend(), breaker.reason())
                        : "backend %s answers again, and is given work"
                                .formatted(breaker.backend()),
                new EventData(
                        EventTypes.BACKEND_BREAKER,
                        breaker.backend(),
                        "",
                        "",
                        "",
                        "",
                        breaker.open() ? closed : open,
                        breaker.open() ? open : closed,
                        false,
                        "",
                        "",
                        breaker.reason(),
                        false),
                containers(breaker.backend()));
    }

    private static Told happened(
            String plainType, Subject subject, boolean recovered, String what, Change change) {
        return told(
                plainType,
                subject,
                "%s %s".formatted(subject.words(), what),
                "",
                "",
                recovered,
                change);
    }

    private static Told moved(String type, Subject subject, Optional<?> from, Optional<?> to) {
        String now = to.map(Object::toString).orElse("gone");
        String message =
                from.isPresent()
                        ? "%s was %s and is %s".formatted(subject.words(), from.get(), now)
                        : "%s is %s".formatted(subject.words(), now);
        return told(
                type,
                subject,
                message,
                from.map(Object::toString).orElse(""),
                to.map(Object::toString).orElse(""),
                false,
                unmade(from, to) ? Change.WENT : Change.STAYED);
    }

    /** What was to be made and is not is told as gone by nothing else. */
    private static boolean unmade(Optional<?> from, Optional<?> to) {
        return (to.equals(Optional.of(ObjectState.DELETED))
                        && (from.equals(Optional.of(ObjectState.CREATING))
                                || from.equals(Optional.of(ObjectState.ERROR))))
                || (to.isEmpty() && from.equals(Optional.of(Connection.State.CONNECTING)));
    }

    private static Told accessed(Connection connection, Access what, boolean recovered) {
        Change change =
                switch (what) {
                    case CONNECTED -> Change.CAME;
                    case DISCONNECTED -> Change.WENT;
                    case EXPORTED, ATTACHED, DETACHED, LOST -> Change.STAYED;
                };
        String message =
                "host %s %s: %s of backend %s%s"
                        .formatted(
                                connection.host(),
                                switch (what) {
                                    case CONNECTED -> "is connected";
                                    case EXPORTED -> "is exported to again";
                                    case ATTACHED -> "is attached";
                                    case DETACHED -> "is detached";
                                    case DISCONNECTED -> "is disconnected";
                                    case LOST -> "has lost its device";
                                },
                                connection.targetName(),
                                connection.backend(),
                                connection.device().isEmpty() ? "" : " as " + connection.device());
        return told(
                EventTypes.CONNECTIONS + what,
                Subject.of(connection),
                message,
                "",
                "",
                recovered,
                change);
    }

    private static Told told(
            String plainType,
            Subject subject,
            String message,
            String from,
            String to,
            boolean recovered,
            Change change) {
        String type = recovered ? plainType + EventTypes.RECOVERED : plainType;
        List<Target> targets = new ArrayList<>();
        targets.add(new Target(subject.name(), change));
        subject.above().forEach(name -> targets.add(new Target(name, Change.STAYED)));
        return new Told(
                type,
                recovered ? message + ", by settling what was unfinished" : message,
                new EventData(
                        type,
                        subject.backend(),
                        subject.name().toString(),
                        subject.id(),
                        subject.volume(),
                        subject.snapshot(),
                        from,
                        to,
                        recovered,
                        "",
                        "",
                        "",
                        false),
                targets);
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
        return new EventData(
                type, backend, "", "", "", "", "", "", false, what, code, reason, open);
    }

    /** The backend is empty where a damaged row does not tell it. */
    private static List<Target> containers(String backend) {
        Target daemon = new Target(BeanNames.DAEMON, Change.STAYED);
        return backend.isEmpty()
                ? List.of(daemon)
                : List.of(new Target(BeanNames.backend(backend), Change.STAYED), daemon);
    }
}
