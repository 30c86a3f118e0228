package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Callers;
import io.cairn.daemon.jmx.BeanNames.Address;
import io.cairn.daemon.jmx.BeanNames.ConnectionAddress;
import io.cairn.daemon.jmx.BeanNames.PoolAddress;
import io.cairn.daemon.jmx.BeanNames.SnapshotAddress;
import io.cairn.daemon.jmx.BeanNames.VolumeAddress;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.PoolCounts;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.PoolStats;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.ObjectInstance;
import javax.management.ObjectName;
import javax.management.ReflectionException;

/**
 * The pools, volumes and snapshots as MBeans that nobody registered: each is looked up when it is
 * asked for. Safe for many threads.
 */
final class VirtualObjects {
    /** The most rows that a query takes from the state at once. */
    private static final int PAGE = 1_000;

    static final BeanType<PoolBean> POOL =
            new BeanType<>(PoolBean.class, Space.attributes(PoolBean::figures));
    static final BeanType<VolumeBean> VOLUME =
            new BeanType<>(VolumeBean.class, List.of(), EventTypes.VOLUME);
    static final BeanType<SnapshotBean> SNAPSHOT =
            new BeanType<>(SnapshotBean.class, List.of(), EventTypes.SNAPSHOT);

    static final BeanType<ConnectionBean> CONNECTION =
            new BeanType<>(ConnectionBean.class, List.of(), EventTypes.CONNECTION);

    private final Sources sources;
    private final Callers callers;

    VirtualObjects(Sources sources, Callers callers) {
        this.sources = sources;
        this.callers = callers;
    }

    /** An object as it is at this moment, with its kind. */
    record Found<T>(ObjectName name, BeanType<T> type, T bean) {
        MBeanInfo info() {
            return type.info();
        }

        ObjectInstance instance() {
            return new ObjectInstance(name, type.className());
        }

        boolean emits() {
            return type.info().getNotifications().length > 0;
        }

        Object read(String attribute) throws AttributeNotFoundException {
            return type.read(bean, attribute);
        }

        AttributeList readAll(String[] attributes) {
            return type.readAll(bean, attributes);
        }

        Object invoke(
                Callers callers,
                String operation,
                @Nullable Object @Nullable [] arguments,
                String @Nullable [] signature)
                throws MBeanException, ReflectionException {
            return type.invoke(callers, name, bean, operation, arguments, signature);
        }
    }

    Callers callers() {
        return callers;
    }

    /** Looks an exact name up, at the cost of one indexed row. */
    Optional<Found<?>> find(ObjectName name) {
        Optional<Address> address = BeanNames.address(name);
        return address.isEmpty() ? Optional.empty() : find(name, address.get());
    }

    private Optional<Found<?>> find(ObjectName name, Address address) {
        return switch (address) {
            case PoolAddress(String backend, String pool) ->
                    sources.backend(backend)
                            .flatMap(
                                    status ->
                                            status.pools().pools().stream()
                                                    .filter(stats -> stats.name().equals(pool))
                                                    .findFirst()
                                                    .map(stats -> pool(status, stats)))
                            .map(bean -> new Found<>(name, POOL, bean));
            // The state answers to ids as well; an MBean has one name only.
            case VolumeAddress(String backend, String volume) ->
                    sources.volumes()
                            .volume(backend, volume)
                            .filter(found -> found.name().equals(volume))
                            .map(found -> new VolumeBean(sources.volumes(), found, this::who))
                            .map(bean -> new Found<>(name, VOLUME, bean));
            case SnapshotAddress(String backend, String volume, String snapshot) ->
                    sources.volumes()
                            .snapshot(backend, volume, snapshot)
                            .filter(
                                    found ->
                                            found.name().equals(snapshot)
                                                    && found.volumeName().equals(volume))
                            .map(found -> new SnapshotBean(sources.volumes(), found, this::who))
                            .map(bean -> new Found<>(name, SNAPSHOT, bean));
            case ConnectionAddress(String backend, String volume, String connection) ->
                    connectionId(connection)
                            .flatMap(sources.volumes().connections()::find)
                            .filter(
                                    found ->
                                            found.backend().equals(backend)
                                                    && found.volumeName().equals(volume))
                            .map(found -> new ConnectionBean(sources.volumes(), found))
                            .map(bean -> new Found<>(name, CONNECTION, bean));
        };
    }

    private PoolBean pool(BackendStatus backend, PoolStats stats) {
        return new PoolBean(
                backend,
                stats,
                sources.volumes()
                        .poolCounts(backend.name())
                        .getOrDefault(stats.name(), new PoolCounts(0, 0, 0)));
    }

    /**
     * The objects whose names match a pattern: all pools, and of the volumes and the snapshots the
     * newest, as many as {@link QueryLimits} says.
     *
     * @param pattern null for all
     */
    List<ObjectInstance> query(@Nullable ObjectName pattern) throws OperationException {
        List<ObjectInstance> found = new ArrayList<>();
        if (pattern != null && !pattern.isPattern()) {
            find(pattern).ifPresent(one -> found.add(one.instance()));
            return found;
        }
        QueryScope scope = new QueryScope(pattern, sources.limits());
        if (scope.has("Pool")) {
            for (BackendStatus backend : sources.allBackends()) {
                backend.pools().pools().stream()
                        .map(pool -> BeanNames.pool(backend.name(), pool.name()))
                        .filter(scope::matches)
                        .map(name -> new ObjectInstance(name, POOL.className()))
                        .forEach(found::add);
            }
        }
        if (scope.has("Volume")) {
            take(
                    found,
                    scope,
                    VOLUME.className(),
                    List.of(scope.volumes()),
                    sources.volumes()::volumes,
                    BeanNames::volume);
        }
        if (scope.has("Snapshot")) {
            take(
                    found,
                    scope,
                    SNAPSHOT.className(),
                    scope.snapshots(sources.backends().keySet()),
                    sources.volumes()::snapshots,
                    BeanNames::snapshot);
        }
        if (scope.has("Connection")) {
            for (String backend : sources.backends().keySet()) {
                if (scope.mayHave(backend)) {
                    sources.volumes().connections().of(backend, scope.limit(), "").items().stream()
                            .map(BeanNames::connection)
                            .filter(scope::matches)
                            .map(name -> new ObjectInstance(name, CONNECTION.className()))
                            .forEach(found::add);
                }
            }
        }
        return found;
    }

    private String who() {
        return callers.current().name();
    }

    private static Optional<ConnectionId> connectionId(String text) {
        try {
            return Optional.of(ConnectionId.parse(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /** How many there are, from memory. */
    int count() {
        Counts counts = sources.counts();
        long pools =
                sources.allBackends().stream()
                        .mapToLong(backend -> backend.pools().pools().size())
                        .sum();
        return Math.toIntExact(counts.volumes() + counts.snapshots() + pools);
    }

    /** One kind of list that the state has. */
    private interface Lister<T> {
        Page<T> list(Filter filter, int limit, String continuation) throws OperationException;
    }

    private static <T> void take(
            List<ObjectInstance> found,
            QueryScope scope,
            String className,
            List<Filter> filters,
            Lister<T> lister,
            Function<T, ObjectName> namer)
            throws OperationException {
        int left = scope.limit();
        for (Filter filter : filters) {
            String continuation = "";
            while (left > 0) {
                Page<T> page = lister.list(filter, Math.min(left, PAGE), continuation);
                left -= page.items().size();
                for (T item : page.items()) {
                    ObjectName name = namer.apply(item);
                    if (scope.matches(name)) {
                        found.add(new ObjectInstance(name, className));
                    }
                }
                continuation = page.continuation();
                if (continuation.isEmpty()) {
                    break;
                }
            }
        }
    }
}
