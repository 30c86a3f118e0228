package io.cairn.daemon.volume;

import io.cairn.spi.ConnectionId;
import io.cairn.spi.Target;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One host's access to a volume or to a snapshot, as the state store has it.
 *
 * @param backend the name of the target's backend
 * @param volumeName the name of the target's volume
 * @param snapshotName the name of the snapshot; empty if the target is the volume
 * @param host the name of the host that has access
 * @param local whether that is the daemon's own host
 * @param readOnly whether it may only read
 * @param protocol how it has access; {@code local} on the daemon's own host
 * @param connector what the host said of itself
 * @param info what the host must know; empty until it is connected
 * @param secrets those keys of the info that only the host may see
 * @param device the path of the block device on the host; empty while it is not attached
 * @param createdAt when it was asked for
 */
public record Connection(
        ConnectionId id,
        Target target,
        String backend,
        String volumeName,
        String snapshotName,
        String host,
        boolean local,
        boolean readOnly,
        String protocol,
        Map<String, String> connector,
        Map<String, String> info,
        Set<String> secrets,
        String device,
        State state,
        Instant createdAt) {
    /** The protocol of the daemon's own host, which needs no export. */
    public static final String LOCAL = "local";

    /** Where a connection stands. The number is for monitors and never changes. */
    public enum State {
        CONNECTING(1),
        /** The host may attach. */
        CONNECTED(2),
        ATTACHING(3),
        /** The host has a block device. */
        ATTACHED(4),
        DETACHING(5),
        DISCONNECTING(6),
        /** The device, or the export, was there and is not any more, as after a reboot. */
        LOST(7);

        /** All of them with their numbers, for descriptions. */
        public static final String CODES =
                "1 connecting, 2 connected, 3 attaching, 4 attached, 5 detaching, 6 disconnecting, 7 lost";

        private final int code;

        State(int code) {
            this.code = code;
        }

        public int code() {
            return code;
        }

        /** The state as operators read it, in lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Connection {
        connector = Map.copyOf(connector);
        info = Map.copyOf(info);
        secrets = Set.copyOf(secrets);
    }

    /** The target in an operator's words. */
    public String targetName() {
        return target.fixed()
                ? "snapshot %s of volume %s".formatted(snapshotName, volumeName)
                : "volume " + volumeName;
    }

    /** The info with the secrets' values hidden, by key. */
    public Map<String, String> shownInfo() {
        Map<String, String> shown = new TreeMap<>(info);
        secrets.forEach(secret -> shown.replace(secret, "***"));
        return shown;
    }

    Connection knowing(Map<String, String> newInfo, Set<String> newSecrets) {
        return with(newInfo, newSecrets, device, State.CONNECTED);
    }

    /** The same, exported anew. */
    Connection exportedAs(Map<String, String> newInfo, Set<String> newSecrets) {
        return with(newInfo, newSecrets, device, state);
    }

    /** As for an operator or a log: without the secrets' values. */
    @Override
    public String toString() {
        return "connection %s of host %s to %s on backend %s by %s: %s, device '%s', %s"
                .formatted(id, host, targetName(), backend, protocol, state, device, shownInfo());
    }

    Connection attachedAs(String path) {
        return with(info, secrets, path, State.ATTACHED);
    }

    Connection inState(State other) {
        return with(info, secrets, device, other);
    }

    Connection detached() {
        return with(info, secrets, "", State.CONNECTED);
    }

    /** Without the device that is gone, of which only the state still tells. */
    Connection lost() {
        return with(info, secrets, "", State.LOST);
    }

    private Connection with(
            Map<String, String> newInfo, Set<String> newSecrets, String newDevice, State newState) {
        return new Connection(
                id,
                target,
                backend,
                volumeName,
                snapshotName,
                host,
                local,
                readOnly,
                protocol,
                connector,
                newInfo,
                newSecrets,
                newDevice,
                newState,
                createdAt);
    }
}
