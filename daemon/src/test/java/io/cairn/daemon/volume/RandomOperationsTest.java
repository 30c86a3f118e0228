package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.drift.Report;
import io.cairn.daemon.volume.Deleted.Kind;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Many clients do anything to few names, and then state and backend must agree. */
final class RandomOperationsTest {
    private static final int CLIENTS = 16;
    private static final int OPERATIONS = 60;
    private static final long MIB = 1L << 20;

    /** What a client must expect when others do what they like to the same objects. */
    private static final Set<Code> EXPECTED =
            EnumSet.of(Code.NOT_FOUND, Code.CONFLICT, Code.IN_USE, Code.INVALID);

    private static final NewConnection HERE =
            new NewConnection("", false, Optional.empty(), Map.of());

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stateAndBackendAgreeAfterManyClientsDidAnything(boolean trash, @TempDir Path folder)
            throws Exception {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("RandomOperationsTest: -Dcairn.seed=" + seed);
        TrashPolicy policy =
                trash ? new TrashPolicy(Duration.ofDays(1), Reserve.NONE) : TrashPolicy.DEFAULT;
        try (House house = House.open(folder, policy)) {
            Checks checks = new Checks(house.volumes, house.backends);
            try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    Random random = new Random(seed + i);
                    all.add(clients.submit(() -> client(house.volumes, random)));
                }
                while (!all.stream().allMatch(Future::isDone)) {
                    assertThat(check(checks).drifts()).isEmpty();
                    house.volumes.emptier().look(BACKEND);
                }
                for (Future<?> one : all) {
                    one.get();
                }
            }
            Report last = check(checks);
            assertThat(last.drifts()).isEmpty();
            assertThat(last.skipped()).isZero();
            Set<VolumeId> volumes =
                    house.volumes.volumes(Filter.ALL, 1_000, "").items().stream()
                            .map(Volume::id)
                            .collect(Collectors.toSet());
            Set<SnapshotId> snapshots =
                    house.volumes.snapshots(Filter.ALL, 10_000, "").items().stream()
                            .map(Snapshot::id)
                            .collect(Collectors.toSet());
            List<Trashed> kept = house.volumes.trash().list(BACKEND, 10_000, "").items();
            System.out.printf("%d in the trash%n", kept.size());
            assertThat(kept.isEmpty()).isEqualTo(!trash);
            assertThat(house.volumes.trash().count(BACKEND)).isEqualTo(kept.size());
            assertThat(house.inventory().volumes())
                    .extracting(each -> Target.of(each.id()))
                    .containsExactlyInAnyOrderElementsOf(
                            targets(volumes.stream().map(Target::of), kept, Kind.VOLUME));
            assertThat(house.inventory().snapshots())
                    .extracting(each -> Target.of(each.volume(), each.id()))
                    .containsExactlyInAnyOrderElementsOf(
                            targets(
                                    house.volumes.snapshots(Filter.ALL, 10_000, "").items().stream()
                                            .map(each -> Target.of(each.volume(), each.id())),
                                    kept,
                                    Kind.SNAPSHOT));
            assertThat(house.volumes.counts(BACKEND))
                    .isEqualTo(new Counts(volumes.size(), snapshots.size(), 0));
            long sizes =
                    house.volumes.volumes(Filter.ALL, 1_000, "").items().stream()
                            .mapToLong(Volume::sizeBytes)
                            .sum();
            assertThat(house.volumes.poolCounts(BACKEND))
                    .containsOnly(
                            entry(
                                    "default",
                                    new PoolCounts(volumes.size(), snapshots.size(), sizes)));
            // What was deleted comes back from the trash, and from nowhere else.
            assertThat(StatesSeen.of(house.events).faults())
                    .allMatch(
                            fault ->
                                    trash
                                            && fault.endsWith(
                                                    "was deleted and went from not there to available"));
            assertThat(StatesSeen.of(house.events).now()).isEqualTo(states(house.volumes));
            for (Volume volume : house.volumes.volumes(Filter.ALL, 1_000, "").items()) {
                assertThat(volume.snapshotCount())
                        .isEqualTo(
                                house.volumes
                                        .snapshots(
                                                Filter.ofVolume(BACKEND, volume.name()), 1_000, "")
                                        .items()
                                        .size());
            }
        }
    }

    /** What is listed, and what is in the trash. */
    private static List<Target> targets(Stream<Target> listed, List<Trashed> kept, Kind kind) {
        return Stream.concat(
                        listed,
                        kept.stream().filter(each -> each.kind() == kind).map(Trashed::target))
                .toList();
    }

    private static Report check(Checks checks) throws Exception {
        return checks.check(BACKEND, Duration.ofMinutes(1)).orElseThrow();
    }

    private static Map<UUID, String> states(Volumes volumes) throws Exception {
        Map<UUID, String> states = new HashMap<>();
        volumes.volumes(Filter.ALL, 1_000, "")
                .items()
                .forEach(one -> states.put(one.id().value(), one.state().toString()));
        volumes.snapshots(Filter.ALL, 10_000, "")
                .items()
                .forEach(one -> states.put(one.id().value(), one.state().toString()));
        volumes.connections()
                .of(BACKEND, 1_000, "")
                .items()
                .forEach(one -> states.put(one.id().value(), one.state().toString()));
        return states;
    }

    private static Object client(Volumes volumes, Random random) throws Exception {
        for (int i = 0; i < OPERATIONS; i++) {
            String name = "v" + random.nextInt(4);
            String snapshot = "s" + random.nextInt(4);
            try {
                Optional<Volume> volume = volumes.volume(BACKEND, name);
                Optional<Snapshot> cut = volumes.snapshot(BACKEND, name, snapshot);
                switch (random.nextInt(12)) {
                    case 0 -> volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
                    case 1 -> {
                        if (volume.isPresent()) {
                            volumes.deleteVolume(volume.get().id());
                        }
                    }
                    case 2 -> {
                        if (cut.isPresent()) {
                            volumes.deleteSnapshot(cut.get().id());
                        }
                    }
                    case 3 -> {
                        if (cut.isPresent()) {
                            volumes.createFromSnapshot(
                                    cut.get().id(), NewVolume.named("v" + random.nextInt(8)));
                        }
                    }
                    case 4 -> {
                        if (volume.isPresent()) {
                            Target target =
                                    cut.isPresent()
                                            ? Target.of(volume.get().id(), cut.get().id())
                                            : Target.of(volume.get().id());
                            volumes.connections().connect(target, HERE);
                        }
                    }
                    case 5 -> {
                        if (volume.isPresent()) {
                            volumes.connections().cleanup(volume.get().id());
                        }
                    }
                    case 6 -> {
                        if (volume.isPresent()) {
                            volumes.alterations()
                                    .extend(volume.get().id(), MIB + random.nextInt(8) * 4096L);
                        }
                    }
                    case 7 -> {
                        Optional<Volume> other = volumes.volume(BACKEND, "v" + random.nextInt(4));
                        if (volume.isPresent() && other.isPresent()) {
                            List<VolumeId> group = List.of(other.get().id(), volume.get().id());
                            volumes.createGroupSnapshot(
                                    BACKEND, group, NewSnapshot.named(snapshot));
                        }
                    }
                    case 8 -> {
                        List<Trashed> kept = volumes.trash().list(BACKEND, 100, "").items();
                        if (!kept.isEmpty()) {
                            Trashed one = kept.get(random.nextInt(kept.size()));
                            if (random.nextInt(3) > 0) {
                                volumes.restoring()
                                        .restore(BACKEND, one.id().toString(), snapshot + "b");
                            } else {
                                Trashed _ = volumes.purging().purge(BACKEND, one.id().toString());
                            }
                        }
                    }
                    default -> {
                        if (volume.isPresent()) {
                            volumes.createSnapshot(volume.get().id(), NewSnapshot.named(snapshot));
                        }
                    }
                }
            } catch (OperationException e) {
                if (!EXPECTED.contains(e.code())) {
                    throw e;
                }
            }
        }
        return "done";
    }
}
