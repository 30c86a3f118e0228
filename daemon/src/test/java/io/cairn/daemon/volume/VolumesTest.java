package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What each operation does when all goes well, and what it refuses. */
final class VolumesTest {
    private static final long MIB = 1L << 20;

    private House house;
    private Volumes volumes;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        house = House.open(folder);
        volumes = house.volumes;
    }

    @AfterEach
    void close() throws Exception {
        house.close();
    }

    @Test
    void aCreatedVolumeIsOnTheBackendAndInTheState() throws Exception {
        Volume made = volumes.createVolume(BACKEND, NewVolume.named("db1", 3 * MIB + 1));
        assertThat(volumes.volume(made.id())).contains(made);
        assertThat(volumes.volume(BACKEND, "db1")).contains(made);
        assertThat(volumes.volume(BACKEND, made.id().toString())).contains(made);
        assertThat(made.state()).isEqualTo(ObjectState.AVAILABLE);
        assertThat(Files.size(Path.of(made.location()))).isEqualTo(3 * MIB + 1);
        assertThat(house.inventory().volumes())
                .singleElement()
                .satisfies(found -> assertThat(found.id()).isEqualTo(made.id()));
    }

    @Test
    void aSnapshotAndItsVolumeReferToEachOther() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("nightly-1"));
        assertThat(cut.volume()).isEqualTo(volume.id());
        assertThat(snapshotsOf("db1")).containsExactly(cut);
        assertThat(volumes.volume(volume.id()).orElseThrow().snapshotCount()).isEqualTo(1);
        assertThat(volumes.snapshot(BACKEND, "db1", "nightly-1")).contains(cut);
    }

    @Test
    void aSnapshotHoldsWhatTheVolumeHeld() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        write(volume.location(), "before");
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        write(volume.location(), "after!");
        Volume copy = volumes.createFromSnapshot(cut.id(), NewVolume.named("copy"));
        assertThat(read(copy.location(), 6)).isEqualTo("before");
        assertThat(copy.origin()).contains(Origin.of(cut));
        assertThat(copy.sizeBytes()).isEqualTo(MIB);
    }

    @Test
    void snapshotsAreListedNewestFirst() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        for (String name : new String[] {"b", "c", "a"}) {
            volumes.createSnapshot(volume.id(), NewSnapshot.named(name));
        }
        assertThat(snapshotsOf("db1")).extracting(Snapshot::name).containsExactly("a", "c", "b");
    }

    @Test
    void aDeletedSnapshotIsGoneEverywhere() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        volumes.deleteSnapshot(cut.id());
        assertThat(volumes.snapshot(cut.id())).isEmpty();
        assertThat(snapshotsOf("db1")).isEmpty();
        assertThat(volumes.volume(volume.id()).orElseThrow().snapshotCount()).isZero();
        assertThat(house.inventory().snapshots()).isEmpty();
        assertThat(Path.of(cut.location())).doesNotExist();
    }

    @Test
    void aVolumeWithSnapshotsIsNotDeletedAndTheRefusalNamesThem() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        for (int i = 0; i < 7; i++) {
            volumes.createSnapshot(volume.id(), NewSnapshot.named("s" + i));
        }
        assertFails(
                Code.IN_USE,
                "db1 has 7 snapshots (s6, s5, s4, s3, s2 and 2 more)",
                () -> volumes.deleteVolume(volume.id()));
        assertThat(volumes.volume(volume.id())).isPresent();
    }

    @Test
    void aDeletedVolumeIsGoneAndItsNameIsFree() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        volumes.deleteVolume(volume.id());
        assertThat(volumes.volume(volume.id())).isEmpty();
        assertThat(house.inventory().volumes()).isEmpty();
        assertThat(volumes.createVolume(BACKEND, NewVolume.named("db1", 2 * MIB)).id())
                .isNotEqualTo(volume.id());
    }

    @Test
    void aVolumeFromASnapshotOutlivesItsSource() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        write(volume.location(), "before");
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        Volume copy = volumes.createFromSnapshot(cut.id(), NewVolume.named("copy", 2 * MIB));
        volumes.deleteSnapshot(cut.id());
        volumes.deleteVolume(volume.id());
        assertThat(read(copy.location(), 6)).isEqualTo("before");
        assertThat(Files.size(Path.of(copy.location()))).isEqualTo(2 * MIB);
    }

    @Test
    void aVolumeSmallerThanItsSnapshotIsRefused() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        assertFails(
                Code.INVALID,
                "too small",
                () -> volumes.createFromSnapshot(cut.id(), NewVolume.named("copy", MIB - 1)));
    }

    @Test
    void theSameCreateAgainReturnsTheSameObject() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        assertThat(volumes.createVolume(BACKEND, NewVolume.named("db1", MIB))).isEqualTo(volume);
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        assertThat(volumes.createSnapshot(volume.id(), NewSnapshot.named("s"))).isEqualTo(cut);
        Volume copy = volumes.createFromSnapshot(cut.id(), NewVolume.named("copy"));
        assertThat(volumes.createFromSnapshot(cut.id(), NewVolume.named("copy"))).isEqualTo(copy);
        assertThat(house.inventory().volumes()).hasSize(2);
        assertThat(house.inventory().snapshots()).hasSize(1);
    }

    @Test
    void anotherCreateUnderATakenNameIsAConflictThatSaysWhy() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        assertFails(
                Code.CONFLICT,
                "another size",
                () -> volumes.createVolume(BACKEND, NewVolume.named("db1", 2 * MIB)));
        assertFails(
                Code.CONFLICT,
                "another origin",
                () -> volumes.createFromSnapshot(cut.id(), NewVolume.named("db1")));
        assertFails(
                Code.CONFLICT,
                "another description, labels",
                () ->
                        volumes.createSnapshot(
                                volume.id(),
                                new NewSnapshot("s", "x", Map.of("a", "b"), Optional.empty())));
    }

    @Test
    void anIdThatIsTakenIsAConflict() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        assertFails(
                Code.CONFLICT,
                "another volume's",
                () -> volumes.createVolume(BACKEND, volumeWithId("db2", volume.id())));
        assertFails(
                Code.CONFLICT,
                "another snapshot's",
                () ->
                        volumes.createSnapshot(
                                volume.id(),
                                new NewSnapshot("t", "", Map.of(), Optional.of(cut.id()))));
    }

    @Test
    void whoGivesNoNameGetsTheId() throws Exception {
        VolumeId id = VolumeId.random();
        Volume volume = volumes.createVolume(BACKEND, volumeWithId("", id));
        assertThat(volume.name()).isEqualTo(id.toString());
        Snapshot cut = volumes.createSnapshot(id, NewSnapshot.named(""));
        assertThat(cut.name()).isEqualTo(cut.id().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "String",
                "DB1",
                "a b",
                "-a",
                ".a",
                "a/b",
                "../a",
                "a\nb",
                "a,b",
                "a=b",
                "a*",
                "ä",
                "a:b",
                "0123456789012345678901234567890123456789012345678901234567890123"
            })
    void aNameThatIsNotAllowedIsRefusedAndNothingIsMade(String name) throws Exception {
        assertFails(
                Code.INVALID,
                "is not allowed",
                () -> volumes.createVolume(BACKEND, NewVolume.named(name, MIB)));
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        assertFails(
                Code.INVALID,
                "is not allowed",
                () -> volumes.createSnapshot(volume.id(), NewSnapshot.named(name)));
        assertThat(house.inventory().volumes()).hasSize(1);
        assertThat(house.inventory().snapshots()).isEmpty();
    }

    @Test
    void sizesPoolsBackendsAndTextsThatAreWrongAreRefused() {
        assertFails(
                Code.INVALID,
                "size is missing",
                () -> volumes.createVolume(BACKEND, NewVolume.named("a")));
        assertFails(
                Code.INVALID,
                "too small",
                () -> volumes.createVolume(BACKEND, NewVolume.named("a", 0)));
        assertFails(
                Code.NOT_FOUND,
                "there are: fast",
                () -> volumes.createVolume("slow", NewVolume.named("a", MIB)));
        assertFails(
                Code.INVALID,
                "no pool 'p'",
                () -> volumes.createVolume(BACKEND, volume("a", "p", "", Map.of())));
        assertFails(
                Code.INVALID,
                "description",
                () ->
                        volumes.createVolume(
                                BACKEND, volume("a", "default", "x".repeat(256), Map.of())));
        assertFails(
                Code.INVALID,
                "label name 'Team'",
                () ->
                        volumes.createVolume(
                                BACKEND, volume("a", "default", "", Map.of("Team", "db"))));
    }

    @Test
    void whatDoesNotFitBesideTheObjectIsRefused() {
        Map<String, String> labels =
                Map.of("a", "ä".repeat(255), "b", "ä".repeat(255), "c", "ä".repeat(255));
        assertFails(
                Code.INVALID,
                "too long together",
                () -> volumes.createVolume(BACKEND, volume("a", "default", "", labels)));
    }

    @Test
    void descriptionsAndLabelsAreKept() throws Exception {
        Map<String, String> labels = Map.of("team", "db", "note", "a=b, c% _!");
        Volume made = volumes.createVolume(BACKEND, volume("a", "default", "Größe: \"x\"", labels));
        Volume found = volumes.volume(made.id()).orElseThrow();
        assertThat(found.labels()).isEqualTo(labels);
        assertThat(found.description()).isEqualTo("Größe: \"x\"");
    }

    @Test
    void blanksAtTheEndsOfLabelsAreKept() throws Exception {
        Map<String, String> labels = Map.of("a", " x ", "z", "y ");
        Volume made = volumes.createVolume(BACKEND, volume("a", "default", "", labels));
        assertThat(volumes.volume(made.id()).orElseThrow().labels()).isEqualTo(labels);
        assertThat(volumes.createVolume(BACKEND, volume("a", "default", "", labels)))
                .isEqualTo(made);
    }

    @Test
    void anIdIsGivenToOneOfManyWhoAskAtOnce() throws Exception {
        SnapshotId id = SnapshotId.random();
        List<VolumeId> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            all.add(volumes.createVolume(BACKEND, NewVolume.named("v" + i, MIB)).id());
        }
        List<Future<Snapshot>> asked = new ArrayList<>();
        try (ExecutorService clients = Executors.newFixedThreadPool(8)) {
            for (VolumeId volume : all) {
                asked.add(
                        clients.submit(
                                () ->
                                        volumes.createSnapshot(
                                                volume,
                                                new NewSnapshot(
                                                        "s", "", Map.of(), Optional.of(id)))));
            }
        }
        assertThat(asked).filteredOn(one -> one.state() == Future.State.SUCCESS).hasSize(1);
        assertThat(volumes.unfinished()).isEmpty();
        assertThat(house.inventory().snapshots()).hasSize(1);
    }

    @Test
    void whatDoesNotExistIsNotFound() {
        assertFails(
                Code.NOT_FOUND,
                "no volume",
                () -> volumes.createSnapshot(VolumeId.random(), NewSnapshot.named("s")));
        assertFails(Code.NOT_FOUND, "no volume", () -> volumes.deleteVolume(VolumeId.random()));
        assertFails(
                Code.NOT_FOUND, "no snapshot", () -> volumes.deleteSnapshot(SnapshotId.random()));
        assertFails(
                Code.NOT_FOUND,
                "no snapshot",
                () -> volumes.createFromSnapshot(SnapshotId.random(), NewVolume.named("a")));
    }

    @Test
    void eventsAreToldAfterTheStateHasIt() throws Exception {
        volumes.addListener(
                event -> {
                    if (event
                            instanceof VolumeEvent.SnapshotCreated(Snapshot snapshot, boolean _)) {
                        assertThat(volumes.snapshot(snapshot.id())).isPresent();
                        assertThat(volumes.counts(BACKEND).snapshots()).isEqualTo(1);
                    }
                });
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        Snapshot cut = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        volumes.deleteSnapshot(cut.id());
        volumes.deleteVolume(volume.id());
        assertThat(house.events)
                .filteredOn(event -> !(event instanceof VolumeEvent.StateChanged))
                .containsExactly(
                        new VolumeEvent.VolumeCreated(volume, false),
                        new VolumeEvent.SnapshotCreated(cut, false),
                        new VolumeEvent.SnapshotDeleted(cut, false),
                        new VolumeEvent.VolumeDeleted(volume, false));
    }

    @Test
    void countsAreKeptAcrossARestart(@TempDir Path folder) throws Exception {
        try (House first = House.open(folder)) {
            Volume volume = first.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            first.volumes.createSnapshot(volume.id(), NewSnapshot.named("a"));
            first.volumes.createSnapshot(volume.id(), NewSnapshot.named("b"));
        }
        try (House second = House.open(folder)) {
            assertThat(second.volumes.counts(BACKEND)).isEqualTo(new Counts(1, 2, 0));
        }
    }

    @Test
    void aStoppedDaemonTakesNoNewWork() throws Exception {
        assertThat(volumes.stop(Duration.ofSeconds(5))).isTrue();
        assertFails(
                Code.UNAVAILABLE,
                "stopping",
                () -> volumes.createVolume(BACKEND, NewVolume.named("a", MIB)));
    }

    private Iterable<Snapshot> snapshotsOf(String volume) throws OperationException {
        return volumes.snapshots(Filter.ofVolume(BACKEND, volume), 100, "").items();
    }

    private static NewVolume volumeWithId(String name, VolumeId id) {
        return new NewVolume(
                name,
                Optional.of(MIB),
                Optional.empty(),
                "",
                Map.of(),
                Particulars.NONE,
                Optional.of(id));
    }

    private static NewVolume volume(
            String name, String pool, String description, Map<String, String> labels) {
        return new NewVolume(
                name,
                Optional.of(MIB),
                Optional.of(pool),
                description,
                labels,
                Particulars.NONE,
                Optional.empty());
    }

    static void assertFails(Code code, String reason, ThrowingCallable call) {
        assertThatExceptionOfType(OperationException.class)
                .isThrownBy(call)
                .withMessageContaining(reason)
                .extracting(OperationException::code)
                .isEqualTo(code);
    }

    static void write(String location, String text) throws Exception {
        try (var channel =
                java.nio.channels.FileChannel.open(Path.of(location), StandardOpenOption.WRITE)) {
            channel.write(
                    java.nio.ByteBuffer.wrap(
                            text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        }
    }

    static String read(String location, int length) throws Exception {
        try (var in = Files.newInputStream(Path.of(location))) {
            return new String(in.readNBytes(length), java.nio.charset.StandardCharsets.UTF_8);
        }
    }
}
