package io.cairn.daemon.config;

import io.cairn.daemon.access.Role;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The daemon's own settings, as {@code etc/cairn.properties} documents them key by key. Paths are
 * absolute.
 *
 * @param dataFolder {@code data.folder}: the state, the users and the logs; may not exist yet
 * @param pluginsFolder {@code plugins.folder}: one folder per plugin
 * @param startWait {@code start.wait}: the longest that a start waits for backends to open
 * @param stopDeadline {@code stop.deadline}: the longest that a stop waits for running operations
 * @param statsEvery {@code stats.every}: how often each backend's pools are asked for their space
 * @param checkEvery {@code check.every}: how often each backend is compared with the state
 * @param deletedKeep {@code deleted.keep}: how long it is remembered what was deleted
 * @param transferFolder {@code transfer.folder}: exports are written to it and imports read from
 *     it; may not exist yet
 * @param backups of the state
 * @param storeMinFreeBytes {@code store.minFree}: below so much free space beside the state no new
 *     work is taken
 * @param jmx the management interface
 */
public record DaemonConfig(
        Path dataFolder,
        Path pluginsFolder,
        Duration startWait,
        Duration stopDeadline,
        Duration statsEvery,
        Duration checkEvery,
        Duration deletedKeep,
        Path transferFolder,
        Backups backups,
        long storeMinFreeBytes,
        Jmx jmx) {

    /**
     * Backups of the state.
     *
     * @param folder {@code backup.folder}: what they lie in; may not exist yet
     * @param every {@code backup.every}: how long after one the next is made; zero if only when
     *     asked for
     * @param keep {@code backup.keep}: so many stay; at least 1
     */
    public record Backups(Path folder, Duration every, int keep) {}

    /**
     * The management interface.
     *
     * @param host {@code jmx.host}: the address to listen on
     * @param port {@code jmx.port}: the one TCP port; 0 takes any free one
     * @param advertisedHost {@code jmx.advertisedHost}: the name that clients are told to connect
     *     to; the listening address if absent
     * @param authentication {@code jmx.authentication}: whether a password is asked for
     * @param inProcessRole {@code jmx.inProcessRole}: what callers without a login may do, such as
     *     local attach
     * @param usersFile {@code jmx.users.file}: the password hashes; may not exist yet
     * @param visibleMax {@code jmx.visible.max}: the most volumes, and the most snapshots, that a
     *     broad query shows; at least 0
     */
    public record Jmx(
            String host,
            int port,
            Optional<String> advertisedHost,
            boolean authentication,
            Role inProcessRole,
            Path usersFile,
            int visibleMax) {}
}
