package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.drift.Report;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    @Test
    void stateAndBackendAgreeAfterManyClientsDidAnything(@TempDir Path folder) throws Exception {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("RandomOperationsTest: -Dcairn.seed=" + seed);
        try (House house = House.open(folder)) {
            Checks checks = new Checks(house.volumes, house.backends);
            try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    Random random = new Random(seed + i);
                    all.add(clients.submit(() -> client(house.volumes, random)));
                }
                while (!all.stream().allMatch(Future::isDone)) {
                    assertThat(check(checks).drifts()).isEmpty();
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
            assertThat(house.inventory().volumes())
                    .extracting(BackendVolume::id)
                    .containsExactlyInAnyOrderElementsOf(volumes);
            assertThat(house.inventory().snapshots())
                    .extracting(BackendSnapshot::id)
                    .containsExactlyInAnyOrderElementsOf(snapshots);
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
            assertThat(StatesSeen.of(house.events).faults()).isEmpty();
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
                switch (random.nextInt(10)) {
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
