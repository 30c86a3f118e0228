package io.cairn.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.Hold;
import io.cairn.daemon.volume.NewConnection;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A backend goes from one daemon to another by what their MBeans offer. */
final class MoveTest {
    private static final long MIB = 1L << 20;

    private Site from;
    private Site to;
    private Path images;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        images = Files.createDirectories(folder.resolve("images"));
        Site.describe(
                folder.resolve("from"),
                "fast",
                Map.of("driver", "file", "directory", images.toString()));
        from = new Site(folder.resolve("from"), new UUID(1, 1), new FileDriverProvider());
        to = new Site(folder.resolve("to"), new UUID(2, 2), new FileDriverProvider());
    }

    @AfterEach
    void close() {
        to.close();
        from.close();
    }

    @Test
    void aBackendMovesWithAllThatItHolds() throws Exception {
        Volume volume = make("db1");
        write(volume.location(), "first");
        Snapshot cut = from.volumes.createSnapshot(volume.id(), NewSnapshot.named("nightly-1"));
        write(volume.location(), "later");
        Volume made = from.volumes.createFromSnapshot(cut.id(), NewVolume.named("made"));
        String place = from.volumes.release(made.id());
        Volume copy = from.volumes.adopt("fast", place, NewVolume.named("copy"));
        from.volumes.alterations().hold(volume.id(), "audit", "alice");
        from.volumes.alterations().hold(cut.id(), "keep", "bob");
        from.volumes.alterations().label(volume.id(), "team", "Bücher, 図書");
        from.volumes.alterations().label(cut.id(), "kind", "nightly");
        from.keyValues.put("app/setting", "on");

        assertThat(from.invoke("handOverBackend", "fast", to.attribute("DaemonId"), "fast"))
                .contains("handed over to daemon " + to.id);
        assertThat(from.invoke("exportStateTo", "fast", "fast.json"))
                .contains("fast.json: 2 volumes, 1 snapshots, 0 connections, 0 key-values");
        Path file = from.folder.resolve("data/transfer/fast.json");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        carry(file);
        describe();
        to.invoke("openBackend", "fast");
        assertThat(to.invoke("importStateFrom", "fast.json", "dry-run"))
                .contains("created   volume fast/db1")
                .contains("3 created, 0 the same already, 0 in conflict; this was a dry run");
        assertThat(to.volumes.volumes(Filter.ALL, 10, "").items()).isEmpty();
        assertThat(to.invoke("importStateFrom", "fast.json", "import")).contains("3 created");

        assertThat(to.volumes.volumes(Filter.ALL, 10, "").items())
                .usingRecursiveComparison()
                .isEqualTo(from.volumes.volumes(Filter.ALL, 10, "").items());
        assertThat(to.volumes.snapshots(Filter.ALL, 10, "").items())
                .usingRecursiveComparison()
                .isEqualTo(from.volumes.snapshots(Filter.ALL, 10, "").items());
        assertThat(to.volumes.alterations().holds(cut.id()))
                .extracting(Hold::tag, Hold::by)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("keep", "bob"));
        assertThat(read(to.volumes.volume("fast", "db1").orElseThrow().location()))
                .isEqualTo("later");
        assertThat(read(to.volumes.snapshot(cut.id()).orElseThrow().location())).isEqualTo("first");
        assertThat(read(to.volumes.volume(copy.id()).orElseThrow().location())).isEqualTo("first");
        to.verifyCounts();
        assertThat(to.invoke("importStateFrom", "fast.json", "import"))
                .contains("0 created, 3 the same already");
        to.verifyCounts();
        // It is used as if it had been made there, and what was adopted can be adopted again.
        assertThat(to.volumes.adopt("fast", place, NewVolume.named("copy")).id())
                .isEqualTo(copy.id());
        to.volumes.createSnapshot(volume.id(), NewSnapshot.named("nightly-2"));
        to.volumes.deleteVolume(copy.id());
        to.verifyCounts();

        assertThat(from.volumes.volumes(Filter.ALL, 10, "").items()).hasSize(2);
        to.invoke("closeBackend", "fast", "fast");
        assertThat(from.invoke("openBackend", "fast")).contains("backend=fast");
        assertThat(from.attribute("StateReason")).contains("belongs to another backend");
        assertThat(from.refusal("forgetBackend", "fast", "fast")).startsWith("IN_USE: ");
        from.invoke("closeBackend", "fast", "fast");
        assertThat(from.invoke("forgetBackend", "fast", "fast"))
                .isEqualTo("forgot 2 volumes and 1 snapshots of backend fast");
        assertThat(from.volumes.volumes(Filter.ALL, 10, "").items()).isEmpty();
        assertThat(from.volumes.snapshots(Filter.ALL, 10, "").items()).isEmpty();
        from.verifyCounts();
    }

    @Test
    void whatIsInUseIsNotHandedOver() throws Exception {
        Volume volume = make("db1");
        from.volumes
                .connections()
                .connect(
                        Target.of(volume.id()),
                        new NewConnection("", false, Optional.empty(), Map.of()));
        assertThat(from.refusal("handOverBackend", "fast", to.id.toString(), "fast"))
                .startsWith("IN_USE: backend fast has connections");
        assertThat(from.refusal("handOverBackend", "fast", to.id.toString(), "slow"))
                .startsWith("INVALID: ");
        assertThat(from.refusal("handOverBackend", "fast", from.id.toString(), "fast"))
                .contains("is this daemon itself");
        assertThat(from.volumes.createVolume("fast", NewVolume.named("db2", MIB))).isNotNull();
    }

    /** The other learns of the trash by what is there, and nothing there says that it goes. */
    @Test
    void whatWasToGoForGoodIsSaidToBeInTheTrashOfTheOther() throws Exception {
        from.close();
        Site.describe(
                from.folder,
                "fast",
                Map.of("driver", "file", "directory", images.toString(), "trash.keep", "P1D"));
        from = new Site(from.folder, new UUID(1, 1), new FileDriverProvider());
        from.volumes.deleteVolume(make("gone").id());
        // Nothing was started that would have it go.
        assertThat(from.volumes.emptyTrash("fast")).isEqualTo(1);
        assertThat(from.invoke("handOverBackend", "fast", to.id.toString(), "fast"))
                .contains("1 volumes and snapshots that were to go for good did not yet");
        assertThat(from.volumes.trash().count("fast")).isZero();
    }

    @Test
    void whatIsNotOnTheStorageAsDescribedIsRefusedWhole() throws Exception {
        Volume gone = make("gone");
        Volume grown = make("grown");
        make("right");
        from.volumes.createSnapshot(grown.id(), NewSnapshot.named("s"));
        String text = from.invoke("exportState", "fast");
        from.volumes.deleteVolume(gone.id());
        from.volumes.alterations().extend(grown.id(), 2 * MIB);
        from.invoke("handOverBackend", "fast", to.id.toString(), "fast");
        assertThat(to.refusal("importState", text, "import"))
                .startsWith("CONFLICT: nothing was imported")
                .contains("backend fast: it is not open here");
        describe();
        to.invoke("openBackend", "fast");
        assertThat(to.refusal("importState", text, "import"))
                .contains("volume fast/gone (%s): it is not on the backend".formatted(gone.id()))
                .contains(
                        "volume fast/grown (%s): it has 2097152 bytes there, not 1048576"
                                .formatted(grown.id()))
                .doesNotContain("right");
        assertThat(to.invoke("importState", text, "dry-run"))
                .contains("2 created, 0 the same already, 2 in conflict");
        assertThat(to.volumes.volumes(Filter.ALL, 10, "").items()).isEmpty();
        to.verifyCounts();
    }

    @Test
    void anotherOfTheSameNameOrIdIsNotOverwritten() throws Exception {
        Volume volume = make("db1");
        from.keyValues.put("key", "value");
        String text = from.invoke("exportState", "");
        assertThat(from.invoke("importState", text, "import"))
                .contains("0 created, 2 the same already");
        from.volumes.alterations().label(volume.id(), "a", "b");
        from.keyValues.put("key", "other");
        assertThat(from.refusal("importState", text, "import"))
                .contains("its id is known here with another labels")
                .contains("key-value key: it has another value here");
        from.volumes.deleteVolume(volume.id());
        Volume _ = make("db1");
        assertThat(from.refusal("importState", text, "import")).contains("its name is that of");
        assertThat(from.keyValues.get("key")).contains("other");
        from.verifyCounts();
    }

    @Test
    void connectionsStayWithThoseWhoHaveThem() throws Exception {
        Volume volume = make("db1");
        from.volumes
                .connections()
                .connect(
                        Target.of(volume.id()),
                        new NewConnection("", false, Optional.empty(), Map.of()));
        String text = from.invoke("exportState", "fast/db1");
        from.invoke("closeBackend", "fast", "fast");
        from.invoke("forgetBackend", "fast", "fast");
        assertThat(from.volumes.connections().of("fast", 10, "").items()).isEmpty();
        from.invoke("openBackend", "fast");
        assertThat(from.invoke("importState", text, "import")).contains("2 created");
        assertThat(from.volumes.connections().of("fast", 10, "").items()).hasSize(1);
        assertThat(withoutHeader(from.invoke("exportState", "fast/db1")))
                .isEqualTo(withoutHeader(text));
        from.verifyCounts();
    }

    @Test
    void filesHavePlainNamesAndAreNotOverwritten() throws Exception {
        make("db1");
        for (String name : List.of("../x.json", "/tmp/x.json", ".json", "X.json", "x", "String")) {
            assertThat(from.refusal("exportStateTo", "", name)).startsWith("INVALID: ");
            assertThat(from.refusal("importStateFrom", name, "import")).startsWith("INVALID: ");
        }
        assertThat(from.refusal("importStateFrom", "no.json", "import")).startsWith("NOT_FOUND: ");
        from.invoke("exportStateTo", "", "all.json");
        assertThat(from.refusal("exportStateTo", "", "all.json")).startsWith("CONFLICT: ");
        assertThat(from.refusal("exportState", "slow")).startsWith("NOT_FOUND: ");
        assertThat(from.refusal("exportState", "fast/no")).startsWith("NOT_FOUND: ");
        assertThat(from.refusal("importStateFrom", "all.json", "force")).startsWith("INVALID: ");
        Path folder = from.folder.resolve("data/transfer");
        try (var files = Files.list(folder)) {
            assertThat(files.toList()).containsExactly(folder.resolve("all.json"));
        }
    }

    @Test
    void whatIsTooLongForATextGoesIntoAFile() throws Exception {
        for (int i = 0; i < 5; i++) {
            from.keyValues.put("k" + i, "x".repeat(60_000));
        }
        assertThat(from.refusal("exportState", ""))
                .startsWith("INVALID: the export is longer than 262144 bytes")
                .contains("exportStateTo");
        assertThat(from.invoke("exportStateTo", "", "all.json")).contains("5 key-values");
        assertThat(from.invoke("importStateFrom", "all.json", "dry-run"))
                .contains("0 created, 5 the same already");
    }

    private Volume make(String name) throws Exception {
        return from.volumes.createVolume("fast", NewVolume.named(name, MIB));
    }

    private void describe() throws Exception {
        Site.describe(to.folder, "fast", Map.of("driver", "file", "directory", images.toString()));
    }

    private void carry(Path file) throws Exception {
        Path folder = Files.createDirectories(to.folder.resolve("data/transfer"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Files.copy(file, folder.resolve("fast.json"));
    }

    static String withoutHeader(String text) {
        return text.replaceFirst("\"exportedAt\" : \"[^\"]*\"", "")
                .replaceFirst("\"daemon\" : \"[^\"]*\"", "");
    }

    private static void write(String location, String text) throws Exception {
        try (FileChannel channel = FileChannel.open(Path.of(location), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(text.getBytes(UTF_8)));
        }
    }

    private static String read(String location) throws Exception {
        try (var in = Files.newInputStream(Path.of(location))) {
            return new String(in.readNBytes(5), UTF_8);
        }
    }
}
