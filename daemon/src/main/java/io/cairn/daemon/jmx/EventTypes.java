package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.daemon.volume.VolumeEvent.Alteration;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import javax.management.MBeanNotificationInfo;

/** The types of the notifications, and which MBean sends which. */
final class EventTypes {
    static final String VOLUMES = "cairn.volume.";
    static final String SNAPSHOTS = "cairn.snapshot.";
    static final String CONNECTIONS = "cairn.connection.";
    private static final String OPERATIONS = "cairn.operation.";

    static final String VOLUME_CREATED = VOLUMES + "created";
    static final String VOLUME_DELETED = VOLUMES + "deleted";
    static final String VOLUME_UNMANAGED = VOLUMES + "unmanaged";
    static final String SNAPSHOT_CREATED = SNAPSHOTS + "created";
    static final String SNAPSHOT_DELETED = SNAPSHOTS + "deleted";
    static final String BACKEND_FORGOTTEN = "cairn.backend.forgotten";
    static final String BACKEND_BREAKER = "cairn.backend.breaker";
    static final String OPERATION_FAILED = OPERATIONS + "failed";
    static final String OPERATION_UNDONE = OPERATIONS + "undone";

    private static final String STATE = "state";
    static final String VOLUME_STATE = VOLUMES + STATE;
    static final String SNAPSHOT_STATE = SNAPSHOTS + STATE;
    static final String CONNECTION_STATE = CONNECTIONS + STATE;

    /** A filter of types goes by how they begin, so that one for the plain type takes both. */
    static final String RECOVERED = ".recovered";

    private static final List<String> OF_SNAPSHOTS =
            Stream.concat(
                            Stream.of(SNAPSHOT_CREATED, SNAPSHOT_DELETED, SNAPSHOT_STATE),
                            Stream.of(
                                            Alteration.RENAMED,
                                            Alteration.DESCRIBED,
                                            Alteration.HELD,
                                            Alteration.RELEASED)
                                    .map(what -> SNAPSHOTS + what))
                    .toList();
    private static final List<String> OF_CONNECTIONS =
            Stream.concat(
                            Stream.of(CONNECTION_STATE),
                            Arrays.stream(Access.values()).map(what -> CONNECTIONS + what))
                    .toList();
    private static final List<String> OF_VOLUMES =
            Stream.concat(
                            Stream.of(
                                    VOLUME_CREATED, VOLUME_DELETED, VOLUME_UNMANAGED, VOLUME_STATE),
                            Arrays.stream(Alteration.values()).map(what -> VOLUMES + what))
                    .toList();

    static final MBeanNotificationInfo SNAPSHOT =
            info(
                    "The snapshot was created, deleted or changed, or its state is another; .recovered: by settling what was unfinished",
                    List.of(OF_SNAPSHOTS));
    static final MBeanNotificationInfo CONNECTION =
            info(
                    "The host was connected, exported to again, attached, detached or disconnected, or lost its access, or the connection's state is another; .recovered: by settling what was unfinished",
                    List.of(OF_CONNECTIONS));
    static final MBeanNotificationInfo VOLUME =
            info(
                    "The volume, a snapshot of it or a connection to it was created, deleted or changed, or its state is another; .recovered: by settling what was unfinished",
                    List.of(OF_VOLUMES, OF_SNAPSHOTS, OF_CONNECTIONS));
    static final MBeanNotificationInfo ALL =
            info(
                    "A volume, snapshot or connection was created, deleted or changed, or its state is another, or a backend was forgotten, or its breaker opened or closed, or an operation failed or was undone; .recovered: by settling what was unfinished",
                    List.of(
                            OF_VOLUMES,
                            OF_SNAPSHOTS,
                            OF_CONNECTIONS,
                            List.of(
                                    BACKEND_FORGOTTEN,
                                    BACKEND_BREAKER,
                                    OPERATION_FAILED,
                                    OPERATION_UNDONE)));

    private EventTypes() {}

    private static MBeanNotificationInfo info(String description, List<List<String>> types) {
        String[] all =
                types.stream()
                        .flatMap(List::stream)
                        .flatMap(
                                type ->
                                        type.startsWith(OPERATIONS)
                                                        || type.equals(BACKEND_FORGOTTEN)
                                                        || type.equals(BACKEND_BREAKER)
                                                        || type.endsWith("." + STATE)
                                                ? Stream.of(type)
                                                : Stream.of(type, type + RECOVERED))
                        .toArray(String[]::new);
        return new MBeanNotificationInfo(all, "javax.management.Notification", description);
    }
}
