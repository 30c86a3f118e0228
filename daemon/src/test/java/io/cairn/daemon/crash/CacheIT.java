package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The cache for faster starts, in an installation that never started before. */
@Tag("thorough")
@Timeout(600)
final class CacheIT {
    private static final Duration LONG = Duration.ofMinutes(5);

    /** What the JVM says of a class that it took from the cache. */
    private static final String CACHED = "io.cairn.daemon.Main source: shared objects file";

    @TempDir private static Path unpacked;
    private static Path home;
    private static Path cache;
    private static Path kept;
    private static String first;

    @TempDir private Path folder;

    /** How a cache may be wrong. */
    enum Flaw {
        EMPTY,
        RUBBISH,
        CUT,
        OF_ANOTHER_JVM
    }

    @BeforeAll
    static void unpackAndStart(@TempDir Path work) throws Exception {
        String archive = System.getProperty("cairn.dist") + ".tar.gz";
        Process tar =
                new ProcessBuilder("tar", "-xzf", archive, "-C", unpacked.toString())
                        .inheritIO()
                        .start();
        assertThat(tar.waitFor()).isZero();
        try (Stream<Path> top = Files.list(unpacked)) {
            home = top.toList().getFirst();
        }
        try (DaemonProcess daemon = start(work, List.of())) {
            await("the cache")
                    .atMost(LONG)
                    .until(() -> log(work).contains("The next start will be faster"));
            stop(daemon);
        }
        first = Files.readString(work.resolve("classes"));
        assertThat(caches()).hasSize(1);
        cache = caches().getFirst();
        kept = Files.copy(cache, unpacked.resolve("kept"));
    }

    @BeforeEach
    void restore() throws IOException {
        Files.copy(kept, cache, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void theFirstStartMakesItAndTheNextOneUsesIt() throws Exception {
        assertThat(first).contains("io.cairn.daemon.Main source: ").doesNotContain(CACHED);
        assertThat(cache.toString()).endsWith(".aot");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)))
                .isEqualTo("rw-r--r--");

        // The JVM ends at once if it cannot use it.
        try (DaemonProcess daemon = start(folder, List.of("-XX:AOTMode=on"))) {
            stop(daemon);
        }

        assertThat(folder.resolve("classes")).content().contains(CACHED);
        assertThat(log(folder)).doesNotContain("The next start will be faster");
        assertThat(caches()).containsExactly(cache);
    }

    @ParameterizedTest
    @EnumSource
    void aCacheThatCannotBeUsedIsNoNews(Flaw flaw) throws Exception {
        byte[] bytes = Files.readAllBytes(cache);
        switch (flaw) {
            case EMPTY -> bytes = new byte[0];
            case RUBBISH -> Arrays.fill(bytes, (byte) 'x');
            case CUT -> bytes = Arrays.copyOf(bytes, bytes.length / 2);
            case OF_ANOTHER_JVM -> changeVersion(bytes);
        }
        Files.write(cache, bytes);

        try (DaemonProcess daemon = start(folder, List.of())) {
            try (Management management = new Management(daemon.connect(daemon.password()))) {
                assertThat(management.text(Management.DAEMON, "State")).isEqualTo("running");
            }
            stop(daemon);
        }

        assertThat(folder.resolve("classes")).content().doesNotContain(CACHED);
        assertThat(folder.resolve("output")).content().doesNotContainIgnoringCase("aot", "[warn");
    }

    @Test
    void otherJarsHaveACacheOfTheirOwn() throws Exception {
        Path jar;
        try (Stream<Path> jars = Files.list(home.resolve("lib"))) {
            jar = jars.filter(one -> one.toString().contains("cairn-daemon")).toList().getFirst();
        }
        FileTime time = Files.getLastModifiedTime(jar);
        Files.setLastModifiedTime(jar, FileTime.fromMillis(time.toMillis() + 60_000));
        try {
            Path said = folder.resolve("said");
            Process warm =
                    new ProcessBuilder(home.resolve("bin/cairnd").toString(), "warm")
                            .redirectErrorStream(true)
                            .redirectOutput(said.toFile())
                            .start();
            assertThat(warm.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();

            assertThat(warm.exitValue()).describedAs(Files.readString(said)).isZero();
            assertThat(said).isEmptyFile();
            assertThat(caches()).singleElement().isNotEqualTo(cache);
            try (DaemonProcess daemon = start(folder, List.of("-XX:AOTMode=on"))) {
                stop(daemon);
            }
            assertThat(folder.resolve("classes")).content().contains(CACHED);
        } finally {
            Files.setLastModifiedTime(jar, time);
            for (Path other : caches()) {
                Files.delete(other);
            }
        }
    }

    /** Starts one that notes where each class comes from. */
    private static DaemonProcess start(Path work, List<String> options) throws IOException {
        Path etc = work.resolve("etc");
        Files.createDirectories(
                etc.resolve("backends"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.port=0\n");
        String classes = "-Xlog:class+load:file=" + work.resolve("classes");
        DaemonProcess daemon =
                DaemonProcess.of(
                        home,
                        Map.of("CAIRN_JAVA_OPTS", classes + " " + String.join(" ", options)),
                        etc,
                        work.resolve("data"),
                        work.resolve("output"));
        try {
            daemon.awaitReady();
            return daemon;
        } catch (IOException | RuntimeException | AssertionError e) {
            daemon.close();
            throw e;
        }
    }

    private static void stop(DaemonProcess daemon) throws InterruptedException {
        daemon.terminate();
        assertThat(daemon.endsWithin(LONG)).isTrue();
        assertThat(daemon.exitStatus()).isEqualTo(143);
    }

    private static String log(Path work) throws IOException {
        return Files.readString(work.resolve("data/log/cairn.log"));
    }

    /** All that is in the cache's folder. */
    private static List<Path> caches() throws IOException {
        try (Stream<Path> all = Files.list(home.resolve("cache"))) {
            return all.toList();
        }
    }

    /** In the header. */
    private static void changeVersion(byte[] bytes) {
        String text = new String(bytes, 0, 4096, ISO_8859_1);
        int at = text.indexOf("OpenJDK");
        assertThat(at).isPositive();
        bytes[at] = 'x';
    }
}
