package io.cairn.daemon.jmx;

import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.jmx.BeanType.Computed;
import io.cairn.daemon.volume.PoolCounts;
import io.cairn.spi.PoolStats;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What a pool, or all pools of a backend together, have and have given out. All sizes are in bytes.
 *
 * @param provisioning thin or thick; empty if it is not known yet
 * @param most what the volumes may have together
 * @param ratioLimit how many times what the pool has that is
 */
record Space(
        String provisioning,
        long total,
        long free,
        PoolCounts counts,
        long reserve,
        long most,
        double ratioLimit) {

    static Space of(BackendStatus backend, PoolStats pool, PoolCounts counts) {
        PoolLimits limits = backend.limits();
        return new Space(
                backend.provisioning(),
                pool.totalBytes(),
                pool.freeBytes(),
                counts,
                limits.reserveBytes(pool.totalBytes()),
                limits.mostBytes(pool.totalBytes(), backend.thin()),
                limits.ratio(backend.thin()));
    }

    /**
     * Of all pools together.
     *
     * @param counts of every pool that holds something, whether the backend tells of it or not
     */
    static Space of(BackendStatus backend, Map<String, PoolCounts> counts) {
        long reserve = 0;
        long most = 0;
        for (PoolStats pool : backend.pools().pools()) {
            Space one = of(backend, pool, new PoolCounts(0, 0, 0));
            reserve += one.reserve;
            most = most + one.most < 0 ? Long.MAX_VALUE : most + one.most;
        }
        return new Space(
                backend.provisioning(),
                backend.totalBytes(),
                backend.freeBytes(),
                counts.values().stream().reduce(new PoolCounts(0, 0, 0), PoolCounts::plus),
                reserve,
                most,
                backend.limits().ratio(backend.thin()));
    }

    long allocated() {
        return total - free;
    }

    /** Zero where nothing is known of the space. */
    double oversubscription() {
        return total == 0 ? 0 : (double) counts.provisionedBytes() / total;
    }

    /** What both kinds of MBean show of their space, beside its size and what is free. */
    static <T> List<Computed<T>> attributes(Function<T, Space> of) {
        return List.of(
                new Computed<>(
                        "AllocatedBytes",
                        long.class,
                        "What is taken of the space, by whomever, in bytes",
                        Unit.BYTES,
                        false,
                        bean -> of.apply(bean).allocated()),
                new Computed<>(
                        "ProvisionedBytes",
                        long.class,
                        "The sizes of all volumes together, those being created included, in bytes",
                        Unit.BYTES,
                        false,
                        bean -> of.apply(bean).counts.provisionedBytes()),
                new Computed<>(
                        "ProvisionedLimitBytes",
                        long.class,
                        "The most that the volumes may have together, in bytes",
                        Unit.BYTES,
                        false,
                        bean -> of.apply(bean).most),
                new Computed<>(
                        "ReserveBytes",
                        long.class,
                        "What is kept free: no volume is made where less is free, in bytes",
                        Unit.BYTES,
                        false,
                        bean -> of.apply(bean).reserve),
                new Computed<>(
                        "OversubscriptionRatio",
                        double.class,
                        "How many times the space the volumes may fill; 0 if the space is not known yet",
                        Unit.NONE,
                        false,
                        bean -> of.apply(bean).oversubscription()),
                new Computed<>(
                        "OvercommitRatioLimit",
                        double.class,
                        "How many times the space, less the reserve, the volumes may have together",
                        Unit.NONE,
                        false,
                        bean -> of.apply(bean).ratioLimit),
                new Computed<>(
                        "Provisioning",
                        String.class,
                        "thin if a volume takes space as it is written, thick if it takes all at once; empty if not known yet",
                        Unit.NONE,
                        false,
                        bean -> of.apply(bean).provisioning));
    }

    /** A table of a backend's pools in plain text. */
    static String table(BackendStatus backend, Map<String, PoolCounts> counts) {
        TextTable table =
                new TextTable(
                        "POOL",
                        "TOTAL",
                        "FREE",
                        "ALLOCATED",
                        "PROVISIONED",
                        "AT MOST",
                        "RATIO",
                        "VOLUMES",
                        "SNAPSHOTS");
        for (PoolStats pool : backend.pools().pools()) {
            PoolCounts held = counts.getOrDefault(pool.name(), new PoolCounts(0, 0, 0));
            Space space = of(backend, pool, held);
            table.add(
                    pool.name(),
                    PoolBean.rounded(space.total),
                    PoolBean.rounded(space.free),
                    PoolBean.rounded(space.allocated()),
                    PoolBean.rounded(held.provisionedBytes()),
                    PoolBean.rounded(space.most),
                    String.format(java.util.Locale.ROOT, "%.2f", space.oversubscription()),
                    held.volumes(),
                    held.snapshots());
        }
        return table.with(
                "%s, %s"
                        .formatted(
                                Texts.number(backend.pools().pools().size(), "pool"),
                                backend.provisioning()));
    }
}
