package io.cairn.daemon.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.Order.By;
import io.cairn.daemon.volume.Shelf.Row;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Predicate;

/** Any filter in any order lists just what a plain look at everything says. */
final class RandomListsTest {
    private static final List<String> BACKENDS = List.of("a", "b", "c");
    private static final int VOLUMES = 250;
    private static final int SNAPSHOTS = 350;
    private static final int LISTS = 600;
    private static final Duration HOUR = Duration.ofHours(1);

    private final List<UUID> goneSnapshots =
            List.of(UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID());
    private final Random random;
    private final Instant now = Instant.now();
    private final List<Volume> volumes = new ArrayList<>();
    private final List<Snapshot> snapshots = new ArrayList<>();
    private final Map<VolumeId, String> pools = new HashMap<>();

    RandomListsTest() {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("RandomListsTest: -Dcairn.seed=" + seed);
        random = new Random(seed);
    }

    @Test
    void anyListHoldsJustWhatAPlainLookFinds(@TempDir Path folder) throws Exception {
        try (Shelf shelf = new Shelf(folder)) {
            fill(shelf);
            for (int i = 0; i < LISTS; i++) {
                if (i % 2 == 0) {
                    Filter filter = filter(false);
                    List<UUID> expected =
                            expected(
                                    shelf,
                                    filter,
                                    volumes,
                                    volume -> fits(filter, volume),
                                    volume -> volume.id().value(),
                                    Volume::createdAt,
                                    Volume::name,
                                    Volume::sizeBytes);
                    assertThat(
                                    all(
                                            (limit, from) ->
                                                    shelf.listing.volumes(
                                                            filter, BACKENDS, limit, from),
                                            volume -> volume.id().value()))
                            .as(filter.toString())
                            .isEqualTo(expected);
                    assertThat(
                                    shelf.listing.countVolumes(
                                            filter,
                                            BACKENDS,
                                            whole ->
                                                    volumes.stream()
                                                            .filter(volume -> fits(whole, volume))
                                                            .count()))
                            .as(filter.toString())
                            .isEqualTo(expected.size());
                } else {
                    Filter filter = filter(true);
                    List<UUID> expected =
                            expected(
                                    shelf,
                                    filter,
                                    snapshots,
                                    snapshot -> fits(filter, snapshot),
                                    snapshot -> snapshot.id().value(),
                                    Snapshot::createdAt,
                                    Snapshot::name,
                                    Snapshot::sizeBytes);
                    assertThat(
                                    all(
                                            (limit, from) ->
                                                    shelf.listing.snapshots(
                                                            filter, BACKENDS, limit, from),
                                            snapshot -> snapshot.id().value()))
                            .as(filter.toString())
                            .isEqualTo(expected);
                    assertThat(
                                    shelf.listing.countSnapshots(
                                            filter,
                                            BACKENDS,
                                            whole ->
                                                    snapshots.stream()
                                                            .filter(one -> fits(whole, one))
                                                            .count()))
                            .as(filter.toString())
                            .isEqualTo(expected.size());
                }
            }
        }
    }

    private interface Lister<T> {
        Page<T> list(int limit, String continuation) throws OperationException;
    }

    private interface Key<T, K> {
        K of(T item);
    }

    private <T> List<UUID> all(Lister<T> lister, Key<T, UUID> id) throws Exception {
        int limit = 1 + random.nextInt(60);
        List<UUID> ids = new ArrayList<>();
        String continuation = "";
        do {
            Page<T> page = lister.list(limit, continuation);
            assertThat(page.items()).hasSizeLessThanOrEqualTo(limit);
            page.items().forEach(item -> ids.add(id.of(item)));
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        return ids;
    }

    private static <T> List<UUID> expected(
            Shelf shelf,
            Filter filter,
            List<T> all,
            Predicate<T> fits,
            Key<T, UUID> id,
            Key<T, Instant> created,
            Key<T, String> name,
            Key<T, Long> size) {
        Comparator<T> comparator =
                switch (filter.order().by()) {
                    case CREATED -> Comparator.comparing(created::of);
                    case NAME -> Comparator.comparing(name::of);
                    case SIZE -> Comparator.comparing(size::of);
                };
        comparator = comparator.thenComparing(item -> shelf.ordinals.get(id.of(item)));
        return all.stream()
                .filter(fits)
                .sorted(filter.order().descending() ? comparator.reversed() : comparator)
                .map(id::of)
                .toList();
    }

    private boolean fits(Filter filter, Volume volume) {
        return common(
                        filter,
                        volume.backend(),
                        volume.name(),
                        volume.state(),
                        volume.createdAt(),
                        volume.sizeBytes(),
                        volume.labels())
                && filter.pool().stream().allMatch(volume.pool()::equals)
                && filter.source().stream()
                        .allMatch(
                                source ->
                                        volume.origin().isPresent()
                                                && (source.equals(
                                                                volume.origin()
                                                                        .get()
                                                                        .volume()
                                                                        .toString())
                                                        || volume.origin()
                                                                .get()
                                                                .snapshot()
                                                                .map(SnapshotId::toString)
                                                                .filter(source::equals)
                                                                .isPresent()
                                                        || path(volume.origin().get().volume())
                                                                .equals(source)));
    }

    private boolean fits(Filter filter, Snapshot snapshot) {
        return common(
                        filter,
                        snapshot.backend(),
                        snapshot.name(),
                        snapshot.state(),
                        snapshot.createdAt(),
                        snapshot.sizeBytes(),
                        snapshot.labels())
                && filter.volume().stream().allMatch(snapshot.volumeName()::equals)
                && filter.pool().stream()
                        .allMatch(pool -> pool.equals(pools.get(snapshot.volume())))
                && filter.source().stream()
                        .allMatch(
                                source ->
                                        source.equals(snapshot.volume().toString())
                                                || source.equals(path(snapshot.volume())));
    }

    private String path(VolumeId id) {
        return volumes.stream()
                .filter(volume -> volume.id().equals(id))
                .map(volume -> volume.backend() + "/" + volume.name())
                .findFirst()
                .orElse("");
    }

    private boolean common(
            Filter filter,
            String backend,
            String name,
            ObjectState state,
            Instant created,
            long size,
            Map<String, String> labels) {
        return filter.backend().stream().allMatch(backend::equals)
                && filter.name().stream()
                        .allMatch(
                                wanted ->
                                        wanted.endsWith("*")
                                                ? name.startsWith(
                                                        wanted.substring(0, wanted.length() - 1))
                                                : name.equals(wanted))
                && filter.state().stream().allMatch(state::equals)
                && filter.older().stream().allMatch(age -> created.isBefore(now.minus(age)))
                && filter.newer().stream().allMatch(age -> created.isAfter(now.minus(age)))
                && filter.minSize().stream().allMatch(least -> size >= least)
                && filter.maxSize().stream().allMatch(most -> size <= most)
                && filter.labels().entrySet().stream()
                        .allMatch(label -> label.getValue().equals(labels.get(label.getKey())));
    }

    private Filter filter(boolean ofSnapshots) {
        Optional<String> backend = maybe(2, pick(BACKENDS));
        String source =
                random.nextBoolean() || volumes.isEmpty()
                        ? path(pick(volumes).id())
                        : ofSnapshots || random.nextBoolean()
                                ? pick(volumes).id().toString()
                                : pick(goneSnapshots).toString();
        return new Filter(
                backend,
                ofSnapshots && backend.isPresent()
                        ? maybe(4, pick(volumes).name())
                        : Optional.empty(),
                maybe(4, pick(List.of("default", "p", "q"))),
                maybe(3, pick(List.of("*", "db*", "db-1", "db-1*", "w*", "w0", "zz*", "w.*"))),
                maybe(3, pick(List.of(ObjectState.values()))),
                maybe(4, source),
                maybe(4, HOUR.multipliedBy(random.nextInt(9)).plusMinutes(30)),
                maybe(4, HOUR.multipliedBy(random.nextInt(9)).plusMinutes(30)),
                maybe(4, pick(List.of(0L, 1L, 2L, 5L, Long.MAX_VALUE))),
                maybe(4, pick(List.of(0L, 1L, 2L, 5L, Long.MAX_VALUE))),
                random.nextInt(3) == 0 ? labels() : Map.of(),
                new Order(pick(List.of(By.values())), random.nextBoolean()));
    }

    private void fill(Shelf shelf) throws Exception {
        List<UUID> made = new ArrayList<>();
        for (int i = 0; i < VOLUMES; i++) {
            boolean copy = i > 10 && random.nextInt(3) == 0;
            made.add(
                    shelf.volume(
                                    row(
                                            pick(BACKENDS),
                                            "-" + i,
                                            copy ? made.get(random.nextInt(5)) : null,
                                            copy ? pick(goneSnapshots) : null))
                            .value());
        }
        connect(shelf, "volume", made);
        volumes.addAll(shelf.state.volumes(made).values());
        volumes.forEach(volume -> pools.put(volume.id(), volume.pool()));
        List<UUID> cut = new ArrayList<>();
        Map<UUID, Integer> cutOf = new HashMap<>();
        for (int i = 0; i < SNAPSHOTS; i++) {
            Volume of = volumes.get(random.nextInt(random.nextBoolean() ? 3 : VOLUMES));
            int number = cutOf.merge(of.id().value(), 1, Integer::sum);
            cut.add(shelf.snapshot(row(of.backend(), "." + number, of.id().value(), null)).value());
        }
        connect(shelf, "snapshot", cut);
        for (Snapshot snapshot : shelf.state.snapshots(cut).values()) {
            if (random.nextInt(20) == 0 && shelf.open.of(snapshot.volume()).isEmpty()) {
                shelf.open.add(new Intent.DeleteSnapshot(snapshot, "default", false, now));
            }
        }
        for (Volume volume : volumes) {
            if (random.nextInt(20) == 0 && shelf.open.of(volume.id()).isEmpty()) {
                shelf.open.add(
                        random.nextBoolean()
                                ? new Intent.DeleteVolume(volume, false, now)
                                : new Intent.CreateVolume(volume, now));
            }
        }
        volumes.clear();
        volumes.addAll(shelf.state.volumes(made).values());
        snapshots.addAll(shelf.state.snapshots(cut).values());
    }

    /** Connects hosts to some, and takes them away from some of those. */
    private void connect(Shelf shelf, String table, List<UUID> ids) throws Exception {
        for (UUID id : ids) {
            for (int more :
                    pick(List.of(new int[0], new int[0], new int[] {2}, new int[] {1, 1, -2}))) {
                shelf.change(
                        "UPDATE %s SET connection_count = connection_count + ? WHERE id = ?"
                                .formatted(table),
                        (long) more,
                        id);
            }
        }
    }

    private Row row(String backend, String end, @Nullable UUID volume, @Nullable UUID snapshot) {
        return new Row(
                backend,
                pick(List.of("default", "default", "p", "q")),
                pick(List.of("db", "w", "w0", "x")) + end,
                labels(),
                pick(List.of(1L, 1L, 2L, 5L, Long.MAX_VALUE)),
                Rows.nanos(now.minus(HOUR.multipliedBy(random.nextInt(9)))),
                volume,
                snapshot);
    }

    private Map<String, String> labels() {
        Map<String, String> labels = new HashMap<>();
        if (random.nextBoolean()) {
            labels.put("team", pick(List.of("db", "db ", "web", "")));
        }
        if (random.nextInt(3) == 0) {
            labels.put("te", pick(List.of("am=db", "x", "%")));
        }
        return labels;
    }

    private <E> E pick(List<E> among) {
        return among.get(random.nextInt(among.size()));
    }

    private <E> Optional<E> maybe(int oneIn, E value) {
        return random.nextInt(oneIn) == 0 ? Optional.of(value) : Optional.empty();
    }
}
