package io.cairn.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.Adopting;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.MatchResult;

/**
 * An endless sequence of calls that any process can make or judge from the seed alone: rounds of a
 * volume that is made, written, snapshotted, copied, grown, taken back, given up and taken over,
 * and of which some things are deleted. What the backend cannot do is left out.
 */
final class Life {
    static final int STEPS = 13;
    private static final long SIZE = 512 * DriverFixture.KIB;

    /** Content that is being written, and so is of no generation. */
    private static final int ANY = -1;

    private static final java.util.regex.Pattern UUIDS =
            java.util.regex.Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    private final DriverFixture fixture;
    private final long seed;

    Life(DriverFixture fixture, long seed) {
        this.fixture = fixture;
        this.seed = seed;
    }

    /** A volume as it must be: one generation in the first {@link #SIZE} bytes, then zeroes. */
    private record Expected(long sizeBytes, int generation, Mark mark) {}

    /** All that there must be; each released file under its volume's id. */
    private record State(
            Map<VolumeId, Expected> volumes,
            Map<SnapshotId, Mark> snapshots,
            Map<String, Expected> released) {
        State() {
            this(new HashMap<>(), new HashMap<>(), new HashMap<>());
        }
    }

    /** Makes call number {@code i}, which may have been made already. */
    void call(Driver driver, int i) throws Exception {
        int round = i / STEPS;
        VolumeId volume = volume(round);
        VolumeId twin = twin(round);
        switch (i % STEPS) {
            case 0 -> driver.createVolume(spec(driver, volume));
            case 1 -> {
                write(driver, volume, 1);
                driver.createSnapshot(DriverFixture.snapshotSpec(first(round), volume));
            }
            case 2 -> driver.createFromSnapshot(spec(driver, copy(round)), first(round), volume);
            case 3 -> driver.createSnapshot(DriverFixture.snapshotSpec(second(round), copy(round)));
            case 4 -> {
                if (driver.cloning().isPresent()) {
                    driver.cloning().get().cloneVolume(spec(driver, twin), volume);
                }
            }
            case 5 -> {
                if (grows(driver)) {
                    driver.growing().orElseThrow().grow(twin, 2 * SIZE);
                }
            }
            case 6 -> write(driver, volume, 2);
            case 7 -> {
                if (driver.reverting().isPresent()) {
                    driver.reverting().get().revert(volume, first(round));
                }
            }
            case 8 -> {
                if (adopts(driver)) {
                    driver.adopting().orElseThrow().release(twin, "life");
                }
            }
            case 9 -> {
                if (adopts(driver)) {
                    Adopting adopting = driver.adopting().orElseThrow();
                    Optional<String> path = released(adopting, twin);
                    if (path.isPresent()) {
                        adopting.adopt(path.get(), again(round), marked(again(round)));
                    }
                }
            }
            case 10 -> {
                driver.markVolume(copy(round), new Mark("renamed"));
                driver.markSnapshot(second(round), copy(round), new Mark("renamed"));
            }
            case 11 -> driver.deleteSnapshot(first(round), volume);
            case 12 -> driver.deleteVolume(volume);
            default -> throw new AssertionError();
        }
    }

    /** What there must be before call {@code end}, if all before it are done. */
    private State before(Driver driver, int end) {
        State state = new State();
        for (int i = 0; i < end; i++) {
            change(driver, state, i);
        }
        return state;
    }

    private void change(Driver driver, State state, int i) {
        int round = i / STEPS;
        VolumeId volume = volume(round);
        VolumeId twin = twin(round);
        Expected old = state.volumes.get(i % STEPS == 5 ? twin : volume);
        switch (i % STEPS) {
            case 0 -> state.volumes.put(volume, new Expected(SIZE, 0, marked(volume)));
            case 1 -> {
                state.volumes.put(volume, new Expected(SIZE, 1, marked(volume)));
                state.snapshots.put(first(round), marked(first(round)));
            }
            case 2 -> state.volumes.put(copy(round), new Expected(SIZE, 1, marked(copy(round))));
            case 3 -> state.snapshots.put(second(round), marked(second(round)));
            case 4 -> {
                if (driver.cloning().isPresent()) {
                    state.volumes.put(twin, new Expected(SIZE, 1, marked(twin)));
                }
            }
            case 5 -> {
                if (grows(driver) && old != null) {
                    state.volumes.put(twin, new Expected(2 * SIZE, 1, old.mark()));
                }
            }
            case 6 -> state.volumes.put(volume, new Expected(SIZE, 2, marked(volume)));
            case 7 -> {
                if (driver.reverting().isPresent()) {
                    state.volumes.put(volume, new Expected(SIZE, 1, marked(volume)));
                }
            }
            case 8 -> {
                Expected given = adopts(driver) ? state.volumes.remove(twin) : null;
                if (given != null) {
                    state.released.put(
                            twin.toString(), new Expected(given.sizeBytes(), 1, Mark.NONE));
                }
            }
            case 9 -> {
                Expected given = state.released.remove(twin.toString());
                if (given != null) {
                    state.volumes.put(
                            again(round), new Expected(given.sizeBytes(), 1, marked(again(round))));
                }
            }
            case 10 -> {
                state.volumes.put(copy(round), new Expected(SIZE, 1, new Mark("renamed")));
                state.snapshots.put(second(round), new Mark("renamed"));
            }
            case 11 -> state.snapshots.remove(first(round));
            case 12 -> state.volumes.remove(volume);
            default -> throw new AssertionError();
        }
    }

    /**
     * Verifies what there must be when call {@code i} was begun and all before it are done.
     *
     * @param done whether it is done too
     */
    void verify(Driver driver, int i, boolean done) throws Exception {
        State before = before(driver, done ? i + 1 : i);
        State after = before(driver, i + 1);
        if (!done && (i % STEPS == 1 || i % STEPS == 6)) {
            // It was writing, which no driver makes whole.
            before.volumes.put(
                    volume(i / STEPS), new Expected(SIZE, ANY, marked(volume(i / STEPS))));
        }
        Set<String> found = new TreeSet<>();
        for (BackendVolume volume : driver.inventory().volumes()) {
            found.add(volume.id().toString());
            assertThat(driver.findVolume(volume.id())).contains(volume);
            verifyEither(
                    volume.location(),
                    new Expected(volume.sizeBytes(), ANY, volume.mark()),
                    before.volumes.get(volume.id()),
                    after.volumes.get(volume.id()));
        }
        for (BackendSnapshot snapshot : driver.inventory().snapshots()) {
            found.add(snapshot.id().toString());
            assertThat(driver.findSnapshot(snapshot.id(), snapshot.volume())).contains(snapshot);
            assertThat(Optional.of(snapshot.mark()))
                    .isIn(
                            Optional.ofNullable(before.snapshots.get(snapshot.id())),
                            Optional.ofNullable(after.snapshots.get(snapshot.id())));
            fixture.verify(snapshot.location(), SIZE, 1);
        }
        if (driver.adopting().isPresent()) {
            for (Unmanaged file : driver.adopting().get().unmanaged()) {
                String id = id(file.path());
                found.add("file of " + id);
                verifyEither(
                        fixture.locationOf(fixture.storage, file.path()),
                        new Expected(file.sizeBytes(), ANY, Mark.NONE),
                        before.released.get(id),
                        after.released.get(id));
            }
        }
        // What the call in doubt makes or takes away is there or is not.
        Set<String> least = names(before);
        least.retainAll(names(after));
        Set<String> most = names(before);
        most.addAll(names(after));
        assertThat(found).containsAll(least);
        assertThat(most).containsAll(found);
        if (!done && (i % STEPS == 8 || i % STEPS == 9)) {
            // It is a volume or a file, but never lost.
            assertThat(found.size()).isGreaterThanOrEqualTo(most.size() - 1);
        }
    }

    private void verifyEither(
            String location, Expected found, @Nullable Expected one, @Nullable Expected other)
            throws IOException {
        AssertionError first = null;
        for (Expected each : Arrays.asList(one, other)) {
            if (each == null
                    || each.sizeBytes() != found.sizeBytes()
                    || !each.mark().equals(found.mark())) {
                continue;
            }
            if (each.generation() == ANY) {
                return;
            }
            try (SeekableByteChannel content = fixture.content(location, false)) {
                assertThat(content.size()).isEqualTo(each.sizeBytes());
                Pattern.verify(content, 0, SIZE, each.generation());
                Pattern.verify(content, SIZE, each.sizeBytes(), 0);
                return;
            } catch (AssertionError e) {
                first = e;
            }
        }
        throw new AssertionError(
                "%s is %s, instead of %s or %s".formatted(location, found, one, other), first);
    }

    private static Set<String> names(State state) {
        Set<String> names = new TreeSet<>();
        state.volumes.keySet().forEach(id -> names.add(id.toString()));
        state.snapshots.keySet().forEach(id -> names.add(id.toString()));
        state.released.keySet().forEach(id -> names.add("file of " + id));
        return names;
    }

    /** Whose file it is, since a released file's name contains the volume's id. */
    private static String id(String path) {
        return UUIDS.matcher(path)
                .results()
                .map(MatchResult::group)
                .findFirst()
                .orElseThrow(() -> new AssertionError(path + " names no volume"));
    }

    private static Optional<String> released(Adopting adopting, VolumeId id)
            throws DriverException, InterruptedException {
        return adopting.unmanaged().stream()
                .map(Unmanaged::path)
                .filter(path -> path.contains(id.toString()))
                .findFirst();
    }

    private static boolean grows(Driver driver) {
        return driver.growing().isPresent() && driver.cloning().isPresent();
    }

    private static boolean adopts(Driver driver) {
        return driver.adopting().isPresent() && driver.cloning().isPresent();
    }

    private VolumeSpec spec(Driver driver, VolumeId id)
            throws DriverException, InterruptedException {
        String pool = driver.pools().getFirst().name();
        return new VolumeSpec(id, pool, SIZE, marked(id));
    }

    private void write(Driver driver, VolumeId volume, int generation)
            throws IOException, DriverException, InterruptedException {
        fixture.write(driver.findVolume(volume).orElseThrow().location(), SIZE, generation);
    }

    private static Mark marked(VolumeId id) {
        return new Mark("volume " + id);
    }

    private static Mark marked(SnapshotId id) {
        return new Mark("snapshot " + id);
    }

    private VolumeId volume(int round) {
        return new VolumeId(uuid("volume", round));
    }

    private VolumeId copy(int round) {
        return new VolumeId(uuid("copy", round));
    }

    private VolumeId twin(int round) {
        return new VolumeId(uuid("twin", round));
    }

    private VolumeId again(int round) {
        return new VolumeId(uuid("again", round));
    }

    private SnapshotId first(int round) {
        return new SnapshotId(uuid("first", round));
    }

    private SnapshotId second(int round) {
        return new SnapshotId(uuid("second", round));
    }

    private UUID uuid(String word, int round) {
        return UUID.nameUUIDFromBytes(
                "%s %d %d".formatted(word, seed, round).getBytes(StandardCharsets.UTF_8));
    }
}
