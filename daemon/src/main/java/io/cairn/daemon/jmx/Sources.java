package io.cairn.daemon.jmx;

import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.StoreHealth;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.Volumes;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.function.Supplier;

/**
 * Where the MBeans have their values from.
 *
 * @param backends every backend by name, up or down; they come and go
 * @param operations what can be done to them
 * @param store how the state store is now; must not block
 * @param plugins what became of each plugin folder
 * @param startedAt when the daemon was started
 * @param checks what was found on backends that is not as it is recorded
 * @param backups those of the state
 */
record Sources(
        Volumes volumes,
        KeyValues keyValues,
        ConcurrentNavigableMap<String, Supplier<BackendStatus>> backends,
        BackendOperations operations,
        Metrics metrics,
        Supplier<StoreHealth> store,
        List<PluginReport> plugins,
        String version,
        Instant startedAt,
        QueryLimits limits,
        Transfers transfers,
        Checks checks,
        Backups backups) {

    Optional<BackendStatus> backend(String name) {
        return Optional.ofNullable(backends.get(name)).map(Supplier::get);
    }

    List<BackendStatus> allBackends() {
        return backends.values().stream().map(Supplier::get).toList();
    }

    /** Over all backends, from memory. */
    Counts counts() {
        long volumesSum = 0;
        long snapshots = 0;
        long unfinished = 0;
        for (String backend : backends.keySet()) {
            Counts counts = volumes.counts(backend);
            volumesSum += counts.volumes();
            snapshots += counts.snapshots();
            unfinished += counts.unfinished();
        }
        return new Counts(volumesSum, snapshots, unfinished);
    }
}
