package io.cairn.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Particulars;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Trashed;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/** A state that was lost comes back from what its backend says of itself. */
final class RebuildTest {
    private static final long MIB = 1L << 20;
    private static final UUID DAEMON = new UUID(1, 1);
    private static final Set<Code> EXPECTED =
            EnumSet.of(Code.CONFLICT, Code.IN_USE, Code.INVALID, Code.NOT_FOUND);

    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Site site;

    @BeforeEach
    void open() throws Exception {
        Path images = Files.createDirectories(folder.resolve("images"));
        Site.describe(folder, "fast", Map.of("driver", "file", "directory", images.toString()));
        site = new Site(folder, DAEMON, new FileDriverProvider());
    }

    @AfterEach
    void close() {
        site.close();
    }

    @Test
    void whateverWasMadeComesBackAsItWas() throws Exception {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("RebuildTest: -Dcairn.seed=" + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 150; i++) {
            try {
                change(random);
            } catch (OperationException e) {
                assertThat(e.code()).describedAs(e.getMessage()).isIn(EXPECTED);
            }
        }
        List<Volume> volumes = volumes();
        List<Snapshot> snapshots = snapshots();
        loseTheState();
        assertThat(volumes()).isEmpty();
        String created = volumes.size() + snapshots.size() + " created, 0 the same already, 0 in";
        assertThat(site.invoke("rebuildState", "fast", "dry-run"))
                .contains(created)
                .contains("this was a dry run");
        assertThat(volumes()).isEmpty();

        assertThat(site.invoke("rebuildState", "fast", "import")).contains(created);

        assertThat(volumes()).usingRecursiveComparison().isEqualTo(volumes);
        assertThat(snapshots()).usingRecursiveComparison().isEqualTo(snapshots);
        site.verifyCounts();
        assertThat(
                        new Checks(site.volumes, site.backends)
                                .check("fast", Duration.ofMinutes(1))
                                .orElseThrow()
                                .drifts())
                .isEmpty();
        assertThat(site.invoke("rebuildState", "fast", "import")).startsWith("0 created");
        for (Snapshot each : snapshots) {
            site.volumes.deleteSnapshot(each.id());
        }
        for (Volume each : volumes) {
            site.volumes.deleteVolume(each.id());
        }
    }

    private Object change(Random random) throws Exception {
        Volumes to = site.volumes;
        String name = "v" + random.nextInt(6);
        Optional<Volume> there = to.volume("fast", name);
        if (there.isEmpty()) {
            return to.createVolume(
                    "fast",
                    new NewVolume(
                            name,
                            Optional.of(MIB),
                            Optional.empty(),
                            words(random),
                            Map.of("team", words(random)),
                            new Particulars(
                                    "zone1",
                                    "",
                                    "me",
                                    Map.of("a:b", words(random)),
                                    Map.of("iops", "7")),
                            Optional.empty()));
        }
        VolumeId id = there.get().id();
        List<Snapshot> cuts = to.snapshots(Filter.ofVolume("fast", name), 100, "").items();
        return switch (random.nextInt(cuts.isEmpty() ? 6 : 10)) {
            case 0 -> to.alterations().rename(id, "v" + random.nextInt(6));
            case 1 -> to.alterations().describe(id, words(random));
            case 2 -> to.alterations().label(id, "kind", words(random));
            case 3 -> to.alterations().extend(id, there.get().sizeBytes() + MIB);
            case 4, 5 ->
                    to.createSnapshot(
                            id,
                            new NewSnapshot(
                                    "s" + random.nextInt(4),
                                    words(random),
                                    Map.of("kept", words(random)),
                                    Optional.empty()));
            case 6 -> {
                to.deleteSnapshot(cuts.getFirst().id());
                yield id;
            }
            case 7 -> to.alterations().revert(id, cuts.getLast().name());
            case 8 ->
                    to.createFromSnapshot(
                            cuts.getFirst().id(), NewVolume.named("v" + random.nextInt(6)));
            default -> to.cloneVolume(id, NewVolume.named("v" + random.nextInt(6)));
        };
    }

    private static String words(Random random) {
        return List.of("", "Bücher, 図書", "a=b&c=d%20", "plain").get(random.nextInt(4));
    }

    @Test
    void whatWasInTheTrashIsThereAgain() throws Exception {
        keepWhatIsDeleted();
        VolumeId kept = make("kept");
        SnapshotId cut = site.volumes.createSnapshot(kept, NewSnapshot.named("cut")).id();
        VolumeId gone = make("gone");
        site.volumes.createSnapshot(gone, NewSnapshot.named("with"));
        site.volumes.deleteSnapshot(cut);
        site.volumes.deleteWithSnapshots(gone);
        VolumeId back = make("back");
        site.volumes.deleteVolume(back);
        Target _ = site.volumes.restoring().restore("fast", "back", "");
        List<Trashed> before = trashed();
        assertThat(before).hasSize(3);
        loseTheState();

        assertThat(site.invoke("rebuildState", "fast", "dry-run"))
                .contains("snapshot with of volume gone", "in the trash", "dry run");
        assertThat(trashed()).isEmpty();
        assertThat(site.invoke("rebuildState", "fast", "import")).contains("5 created");

        assertThat(trashed())
                .usingRecursiveComparison()
                .ignoringCollectionOrder()
                .ignoringFields("deletedAt", "since")
                .isEqualTo(before);
        assertThat(volumes()).extracting(Volume::id).containsExactlyInAnyOrder(kept, back);
        assertThat(snapshots()).isEmpty();
        site.verifyCounts();
        assertThat(
                        new Checks(site.volumes, site.backends)
                                .check("fast", Duration.ofMinutes(1))
                                .orElseThrow()
                                .drifts())
                .isEmpty();
        assertThat(site.invoke("rebuildState", "fast", "import")).startsWith("0 created");
        assertThat(site.volumes.restoring().restore("fast", "gone", "")).isEqualTo(Target.of(gone));
        assertThat(site.volumes.restoring().restore("fast", "kept/cut", ""))
                .isEqualTo(Target.of(kept, cut));
    }

    @Test
    void aForgottenBackendHasNoTrash() throws Exception {
        keepWhatIsDeleted();
        site.volumes.deleteVolume(make("gone"));
        String _ = site.invoke("closeBackend", "fast", "fast");
        String _ = site.invoke("forgetBackend", "fast", "fast");
        assertThat(site.volumes.trash().count("fast")).isZero();
        assertThat(trashed()).isEmpty();
        assertThat(site.volumes.holding("fast")).isFalse();
    }

    @Test
    void withTheTrashOffNothingThatWasInItGoes() throws Exception {
        keepWhatIsDeleted();
        VolumeId gone = make("gone");
        site.volumes.deleteVolume(gone);
        describeWithoutTrash();
        loseTheState();
        assertThat(site.invoke("rebuildState", "fast", "import"))
                .contains("1 in conflict", "it was in the trash, and that of the backend is off");
        assertThat(trashed()).isEmpty();
        assertThat(volumes()).isEmpty();
    }

    /** What it says is to be done is done, and all is there again. */
    @Test
    void withTheTrashOffItSaysHowTheSnapshotsOfWhatWasInItComeBack() throws Exception {
        keepWhatIsDeleted();
        VolumeId gone = make("gone");
        SnapshotId cut = site.volumes.createSnapshot(gone, NewSnapshot.named("cut")).id();
        site.volumes.deleteWithSnapshots(gone);
        Target _ = site.volumes.restoring().restore("fast", "gone", "");
        Target _ = site.volumes.restoring().restore("fast", "gone/cut", "");
        site.backends
                .find("fast")
                .orElseThrow()
                .run(
                        gone,
                        driver ->
                                driver.markVolume(
                                        gone,
                                        new Mark(
                                                driver.findVolume(gone).orElseThrow().mark().text()
                                                        + "&trashed=2026-01-01T00:00:00Z")));
        describeWithoutTrash();
        loseTheState();
        assertThat(site.invoke("rebuildState", "fast", "import"))
                .contains("2 in conflict")
                .contains(
                        "snapshot "
                                + cut
                                + ": its volume was in the trash, and that of the backend is off: set trash.keep=P7D");
        keepWhatIsDeleted();
        assertThat(site.invoke("rebuildState", "fast", "import"))
                .contains("snapshot " + cut + ": its volume is in the trash: bring that back");
        Target _ = site.volumes.restoring().restore("fast", "gone", "");
        assertThat(site.invoke("rebuildState", "fast", "import")).contains("1 created");
        assertThat(snapshots()).extracting(Snapshot::id).containsExactly(cut);
    }

    private void describeWithoutTrash() throws Exception {
        Site.describe(
                folder,
                "fast",
                Map.of("driver", "file", "directory", folder.resolve("images").toString()));
    }

    private void keepWhatIsDeleted() throws Exception {
        site.close();
        Site.describe(
                folder,
                "fast",
                Map.of(
                        "driver",
                        "file",
                        "directory",
                        folder.resolve("images").toString(),
                        "trash.keep",
                        "P1D",
                        "trash.minFree",
                        "0"));
        site = new Site(folder, DAEMON, new FileDriverProvider());
    }

    private List<Trashed> trashed() throws Exception {
        return site.volumes.trash().list("fast", 1_000, "").items();
    }

    @Test
    void whatConflictsKeepsNothingElseOut() throws Exception {
        VolumeId taken = make("taken");
        VolumeId other = make("other");
        SnapshotId cut = site.volumes.createSnapshot(other, NewSnapshot.named("s")).id();
        loseTheState();
        VolumeId fresh = make("taken");
        VolumeId strange = VolumeId.random();
        site.backends
                .find("fast")
                .orElseThrow()
                .run(
                        strange,
                        driver ->
                                driver.createVolume(
                                        new VolumeSpec(strange, "default", MIB, Mark.NONE)));

        String said = site.invoke("rebuildState", "fast", "import");

        assertThat(said)
                .contains("2 created, 0 the same already, 2 in conflict")
                .contains("its name is that of volume " + fresh)
                .contains("volume " + strange + ": it is ")
                .contains("bears no mark");
        assertThat(volumes()).extracting(Volume::id).containsExactlyInAnyOrder(fresh, other);
        assertThat(snapshots()).extracting(Snapshot::id).containsExactly(cut);
        site.volumes.alterations().rename(fresh, "newer");
        assertThat(site.invoke("rebuildState", "fast", "import")).contains("1 created");
        assertThat(site.volumes.volume("fast", "taken").orElseThrow().id()).isEqualTo(taken);
    }

    @Test
    void aSnapshotThatAloneWasForgottenComesBackToItsVolume() throws Exception {
        VolumeId volume = make("db");
        SnapshotId kept = site.volumes.createSnapshot(volume, NewSnapshot.named("kept")).id();
        site.volumes.alterations().hold(volume, "audit", "alice");
        SnapshotId lost = SnapshotId.random();
        site.backends
                .find("fast")
                .orElseThrow()
                .run(
                        volume,
                        driver ->
                                driver.createSnapshot(
                                        new SnapshotSpec(lost, volume, new Mark("name=lost"))));
        assertThat(site.invoke("rebuildState", "fast", "import")).contains("1 created");
        assertThat(snapshots()).extracting(Snapshot::id).containsExactlyInAnyOrder(kept, lost);
        assertThat(site.volumes.volume(volume).orElseThrow().snapshotCount()).isEqualTo(2);
        site.verifyCounts();
    }

    @Test
    void aBackendThatIsNotOpenedSaysWhoseItIs() throws Exception {
        make("db");
        site.close();
        Path other = folder.resolve("other");
        Files.createDirectories(other.resolve("etc"));
        Files.move(folder.resolve("etc/backends"), other.resolve("etc/backends"));
        site = new Site(other, new UUID(2, 2), new FileDriverProvider());
        assertThat(site.backends.find("fast").orElseThrow().state().reason())
                .contains(DAEMON.toString());
        assertThat(site.refusal("rebuildState", "fast", "import"))
                .startsWith(
                        "UNAVAILABLE: backend fast could not be looked at: backend fast is down");
    }

    @Test
    void whatIsWrongIsRefused() throws Exception {
        assertThat(site.refusal("rebuildState", "none", "import")).startsWith("NOT_FOUND: ");
        assertThat(site.refusal("rebuildState", "fast", "now")).startsWith("INVALID: 'now'");
    }

    private VolumeId make(String name) throws Exception {
        return site.volumes.createVolume("fast", NewVolume.named(name, MIB)).id();
    }

    private List<Volume> volumes() throws Exception {
        return site.volumes.volumes(Filter.ALL, 1_000, "").items();
    }

    private List<Snapshot> snapshots() throws Exception {
        return site.volumes.snapshots(Filter.ALL, 1_000, "").items();
    }

    /** The data folder is gone, but for the daemon's identity. */
    private void loseTheState() throws Exception {
        site.close();
        try (Stream<Path> files = Files.walk(folder.resolve("state"))) {
            for (Path each : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(each);
            }
        }
        site = new Site(folder, DAEMON, new FileDriverProvider());
    }
}
