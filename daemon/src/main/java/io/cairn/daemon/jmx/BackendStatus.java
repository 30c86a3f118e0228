package io.cairn.daemon.jmx;

import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.BackendState;
import io.cairn.daemon.driver.BreakerStatus;
import io.cairn.daemon.driver.LaneLoad;
import io.cairn.daemon.driver.Pools;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.Chore;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.PoolStats;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.function.Supplier;

/**
 * What is known of a backend at one moment, all of it from memory.
 *
 * @param chores asks the driver, so for who wants to know that alone
 */
record BackendStatus(
        String name,
        String driver,
        Optional<DriverInfo> info,
        String description,
        BackendState state,
        Optional<BackendFacts> facts,
        SortedSet<String> capabilities,
        Pools pools,
        PoolLimits limits,
        Map<String, String> settings,
        LaneLoad load,
        BreakerStatus breaker,
        Supplier<List<Chore>> chores) {

    static BackendStatus of(Backend backend) {
        return new BackendStatus(
                backend.name(),
                backend.driverName(),
                backend.driverInfo(),
                backend.description(),
                backend.state(),
                backend.facts(),
                backend.capabilities(),
                backend.pools(),
                backend.limits(),
                backend.shownSettings(),
                backend.load(),
                backend.breaker(),
                backend::chores);
    }

    String stateText() {
        return state.up() ? "up" : "down";
    }

    int stateCode() {
        return state.up() ? 1 : 2;
    }

    int breakerCode() {
        return switch (breaker.state()) {
            case OFF -> 0;
            case CLOSED -> 1;
            case OPEN -> 2;
            case HALF_OPEN -> 3;
        };
    }

    boolean thin() {
        return facts.map(known -> known.traits().contains(Trait.THIN)).orElse(false);
    }

    /** thin or thick; empty if it has never been up. */
    String provisioning() {
        return facts.isEmpty() ? "" : thin() ? "thin" : "thick";
    }

    long totalBytes() {
        return pools.pools().stream().mapToLong(PoolStats::totalBytes).sum();
    }

    long freeBytes() {
        return pools.pools().stream().mapToLong(PoolStats::freeBytes).sum();
    }

    /** Milliseconds; -1 while the driver has not answered yet. */
    long statsAgeMs() {
        return pools.pools().isEmpty() ? -1 : pools.age().toMillis();
    }
}
