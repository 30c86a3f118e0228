package io.cairn.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.cairn.daemon.access.Role;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

final class ConfigReaderTest {
    private static final Path SHIPPED = Path.of("../etc/cairn.properties");

    private static final List<Option> OPTIONS =
            List.of(
                    Option.required("folder", Option.Type.PATH, "the folder"),
                    Option.optional("password", Option.Type.TEXT, "none", "the password").hidden());

    @TempDir private Path home;
    private Path etc;
    private Path backends;

    @BeforeEach
    void layOut() throws IOException {
        etc = Files.createDirectory(home.resolve("etc"));
        backends = Files.createDirectory(etc.resolve("backends"));
        daemon("");
    }

    @Test
    void anEmptyFileMeansTheDefaults() throws Exception {
        DaemonConfig daemon = ConfigReader.read(etc).daemon();

        assertThat(daemon.dataFolder()).isEqualTo(home.resolve("data"));
        assertThat(daemon.pluginsFolder()).isEqualTo(home.resolve("plugins"));
        assertThat(daemon.stopDeadline()).isEqualTo(Duration.ofSeconds(30));
        assertThat(daemon.storeMinFreeBytes()).isEqualTo(64L << 20);
        assertThat(daemon.jmx().host()).isEqualTo("127.0.0.1");
        assertThat(daemon.jmx().port()).isEqualTo(7091);
        assertThat(daemon.jmx().authentication()).isTrue();
        assertThat(daemon.jmx().inProcessRole()).isEqualTo(Role.READER);
        assertThat(daemon.jmx().usersFile()).isEqualTo(home.resolve("data/users"));
        assertThat(daemon.jmx().visibleMax()).isEqualTo(200);
    }

    @Test
    void theRolesThatTheShippedFileNamesAreTaken() throws Exception {
        List<String> lines = Files.readAllLines(SHIPPED);
        String words = lines.get(lines.indexOf("#jmx.inProcessRole=reader") - 1);
        List<Role> taken = new ArrayList<>();
        for (String word : words.replaceAll("[#.]| or", "").strip().split(",? ", -1)) {
            daemon("jmx.inProcessRole=" + word);
            taken.add(ConfigReader.read(etc).daemon().jmx().inProcessRole());
        }

        assertThat(taken).containsExactly(Role.values());
    }

    @Test
    void theShippedFileDocumentsEveryKeyWithItsDefault() throws Exception {
        Map<String, String> documented = new TreeMap<>();
        for (String line : Files.readAllLines(SHIPPED)) {
            if (line.matches("#[a-zA-Z.]+=.*")) {
                int at = line.indexOf('=');
                documented.put(line.substring(1, at), line.substring(at + 1));
            }
        }
        PropertyFile file =
                new PropertyFile("cairn.properties", SHIPPED, Map.of(), new ArrayList<>());
        DaemonConfig _ = ConfigReader.daemon(file, home);

        assertThat(documented).isEqualTo(new TreeMap<>(file.known()));
    }

    @Test
    void everyProblemOfEveryFileIsFoundAtOnce() throws Exception {
        daemon("jmx.prot=1\njmx.port=x\nstop.deadline=30\nstore.minFree=1\njmx.host=\n");
        backend("one", "drivr=file\nthreads=0\n");
        backend("Two", "driver=file\nthreads=2\nthreads=3\n");

        assertThat(problems())
                .containsExactlyInAnyOrder(
                        "cairn.properties: jmx.host: it has no value: give it one, or take the line"
                                + " out",
                        "cairn.properties: jmx.prot: unknown; did you mean 'jmx.port'?",
                        "cairn.properties: jmx.port: 'x' is not a whole number from 0 to 65535",
                        "cairn.properties: stop.deadline: '30' is not an ISO-8601 duration: write"
                                + " PT30S or PT5M",
                        "cairn.properties: store.minFree: '1' is not a size: write a whole number"
                                + " and a unit, such as 512MiB or 10GiB",
                        "backends/one.properties: driver: it is missing: name the driver, such as"
                                + " driver=file",
                        "backends/one.properties: threads: '0' is not a whole number from 1 to 256",
                        "backends/Two.properties: threads: it is set more than once: keep one of"
                                + " the lines",
                        "backends/Two.properties: 'Two' cannot name a backend: rename the file with"
                                + " lower-case letters, digits and . _ - only, at most 63, a letter"
                                + " or digit first");
    }

    @Test
    void aMissingFileIsSaid() throws Exception {
        Files.delete(etc.resolve("cairn.properties"));

        assertThat(problems())
                .singleElement()
                .asString()
                .contains("cairn.properties does not exist: copy it from the distribution");
    }

    @Test
    void theCommandLineWinsOverTheFile() throws Exception {
        daemon("jmx.port=1\n");

        assertThat(
                        ConfigReader.read(etc, home, Map.of("jmx.port", "0", "data.folder", "/d"))
                                .daemon())
                .satisfies(daemon -> assertThat(daemon.jmx().port()).isZero())
                .satisfies(daemon -> assertThat(daemon.dataFolder()).isEqualTo(Path.of("/d")))
                .satisfies(
                        daemon ->
                                assertThat(daemon.jmx().usersFile())
                                        .isEqualTo(Path.of("/d/users")));
    }

    @Test
    void limitsOfPoolsAreADecimalAndASizeOrAPart() throws Exception {
        backend("a", "driver=file\novercommit.ratio=1.5\nreserve=10GiB\n");
        backend("b", "driver=file\nreserve=2.5%\n");

        assertThat(ConfigReader.read(etc).backends())
                .extracting(BackendConfig::limits)
                .containsExactly(
                        new PoolLimits(OptionalDouble.of(1.5), new Reserve(10L << 30, 0)),
                        new PoolLimits(OptionalDouble.empty(), new Reserve(0, 2.5)));
    }

    @Test
    void wrongLimitsOfPoolsAreNamed() throws Exception {
        backend("a", "driver=file\novercommit.ratio=1e3\nreserve=5\n");
        backend("b", "driver=file\novercommit.ratio=0\nreserve=120%\n");

        assertThat(problems())
                .containsExactlyInAnyOrder(
                        "backends/a.properties: overcommit.ratio: '1e3' is not a number from 0.001 to"
                                + " 10000, such as 1.5",
                        "backends/a.properties: reserve: '5' is no reserve: write a size such as"
                                + " 10GiB, or a part of the pool such as 5%",
                        "backends/b.properties: overcommit.ratio: '0' is not a number from 0.001 to"
                                + " 10000, such as 1.5",
                        "backends/b.properties: reserve: '120%' is more than the whole pool: write 0%"
                                + " to 100%");
    }

    @Test
    void oneBackendIsReadByItselfAndOnlyItsProblemsAreSaid() throws Exception {
        daemon("jmx.prot=1\n");
        backend("good", "driver=file\nfolder=/x\n");
        backend("bad", "threads=0\n");

        assertThat(ConfigReader.readBackend(etc, "good").settings()).containsKey("folder");
        assertThat(
                        catchThrowableOfType(
                                        ConfigException.class,
                                        () -> ConfigReader.readBackend(etc, "bad"))
                                .problems())
                .hasSize(2)
                .allMatch(problem -> problem.startsWith("backends/bad.properties: "));
    }

    @Test
    void oneBackendThatOthersCanChangeIsRefused() throws Exception {
        backend("open", "driver=file\n");
        Files.setPosixFilePermissions(
                backends.resolve("open.properties"), PosixFilePermissions.fromString("rw-rw-rw-"));
        Files.setPosixFilePermissions(backends, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThat(
                        catchThrowableOfType(
                                        ConfigException.class,
                                        () -> ConfigReader.readBackend(etc, "open"))
                                .problems())
                .hasSize(2)
                .allMatch(problem -> problem.contains("can be changed by everyone"));
    }

    @Test
    void theShippedExamplesDocumentEveryKeyOfABackend() throws Exception {
        for (String driver : List.of("file", "btrfs", "qcow2", "lvm", "rbd")) {
            List<String> lines =
                    Files.readAllLines(
                            Path.of("../etc/backends/%s.properties.example".formatted(driver)));
            assertThat(lines).contains("driver=" + driver);
            for (String key : BackendConfig.KEYS) {
                assertThat(lines).anyMatch(line -> line.matches("#?" + key + "=.*"));
            }
        }
    }

    @Test
    void configurationsDifferInWhatTheyMeanAndNotInWhatTheyLeaveOut() {
        BackendConfig one = backend(Map.of("folder", "/x", "password", "hush"));

        assertThat(one.differences(backend(Map.of("folder", "/x", "password", "hush")), OPTIONS))
                .isEmpty();
        assertThat(backend(Map.of("password", "none")).differences(backend(Map.of()), OPTIONS))
                .isEmpty();
        assertThat(one.differences(backend(Map.of("folder", "/y")), OPTIONS))
                .containsExactly("folder", "password");
        assertThat(
                        one.differences(
                                new BackendConfig(
                                        "b",
                                        "other",
                                        "",
                                        2,
                                        Duration.ofSeconds(1),
                                        0,
                                        new PoolLimits(OptionalDouble.of(3), Reserve.NONE),
                                        new TrashPolicy(Duration.ofDays(1), one.trash().minFree()),
                                        one.settings()),
                                OPTIONS))
                .containsExactly(
                        "breaker.failures", "driver", "overcommit.ratio", "threads", "trash.keep");
    }

    @Test
    void backendsComeInOrderWithWhatIsTheDriversInSettings() throws Exception {
        backend(
                "b",
                "driver=file\nfolder=/x\ndescription=the  fast one\ndeadline=PT1S\nbreaker.failures=7\ntrash.keep=P7D\ntrash.minFree=5GiB\n");
        backend("a", "driver=file\n");
        Files.writeString(backends.resolve("c.properties.example"), "nonsense");

        assertThat(ConfigReader.read(etc).backends())
                .containsExactly(
                        new BackendConfig("a", "file", "", 16, Duration.ofMinutes(5), Map.of()),
                        new BackendConfig(
                                "b",
                                "file",
                                "the  fast one",
                                16,
                                Duration.ofSeconds(1),
                                7,
                                PoolLimits.DEFAULT,
                                new TrashPolicy(Duration.ofDays(7), new Reserve(5L << 30, 0)),
                                Map.of("folder", "/x")));
    }

    @Test
    void aBackendsTextShowsNoValueOfASetting() throws Exception {
        backend("b", "driver=file\npassword=hush\n");

        assertThat(ConfigReader.read(etc).toString()).contains("password").doesNotContain("hush");
    }

    @ParameterizedTest
    @CsvSource({"etc,rwxrwxrwx", "etc/backends,rwxr-xrwx", "data,rwxrwxrwx", "plugins,rwxrwxrwx"})
    void aFolderThatOthersCanChangeIsRefused(String folder, String mode) throws Exception {
        Path path = Files.createDirectories(home.resolve(folder));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));

        assertThat(problems()).containsExactly(path + " can be changed by everyone: chmod o-w it");
    }

    @Test
    void aFileThatOthersCanChangeIsRefused() throws Exception {
        backend("b", "driver=file\n");
        Path file = backends.resolve("b.properties");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--rw-"));

        assertThat(problems())
                .containsExactly(
                        "backends/b.properties: %s can be changed by everyone: chmod o-w it"
                                .formatted(file));
    }

    @Test
    void aSecretIsReadFromItsFile() throws Exception {
        Path secret = secret("rw-------");

        Settings settings =
                DriverSettings.read(
                        backend(Map.of("folder", "/x", "password.file", secret.toString())),
                        OPTIONS);

        assertThat(settings.text("password")).isEqualTo("hush");
        assertThat(settings.toString()).doesNotContain("hush");
    }

    @Test
    void aSecretFileThatOthersCanReadIsRefused() throws Exception {
        Path secret = secret("rw-r-----");

        assertThat(settingsProblems(Map.of("folder", "/x", "password.file", secret.toString())))
                .containsExactly(
                        "backends/b.properties: password.file: %s can be read by others: chmod 600"
                                        .formatted(secret)
                                + " it");
    }

    @Test
    void everyWrongSettingOfABackendIsFoundAtOnceWithoutItsSecrets() {
        assertThat(
                        settingsProblems(
                                Map.of(
                                        "foldr",
                                        "/x",
                                        "password",
                                        "hush",
                                        "password.file",
                                        "/nowhere",
                                        "folder.file",
                                        "/y")))
                .containsExactlyInAnyOrder(
                        "backends/b.properties: password and password.file are both set: keep one",
                        "backends/b.properties: foldr: unknown; did you mean 'folder'?",
                        "backends/b.properties: folder.file: unknown",
                        "backends/b.properties: setting 'folder' is missing: the folder");
    }

    @ParameterizedTest
    @CsvSource({"foldr,folder", "fodler,folder", "Folder,folder", "passwrd,password", "zebra,''"})
    void theNearestWordIsSuggested(String typed, String meant) {
        assertThat(Spelling.nearest(typed, List.of("folder", "password", "threads")).orElse(""))
                .isEqualTo(meant);
    }

    private void daemon(String text) throws IOException {
        Files.writeString(etc.resolve("cairn.properties"), text);
    }

    private void backend(String name, String text) throws IOException {
        Files.writeString(backends.resolve(name + ".properties"), text);
    }

    private static BackendConfig backend(Map<String, String> settings) {
        return new BackendConfig("b", "fake", "", 1, Duration.ofSeconds(1), settings);
    }

    private Path secret(String mode) throws IOException {
        Path secret = home.resolve("secret");
        Files.writeString(secret, "hush\n");
        return Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString(mode));
    }

    private List<String> problems() {
        return catchThrowableOfType(ConfigException.class, () -> ConfigReader.read(etc)).problems();
    }

    private static List<String> settingsProblems(Map<String, String> settings) {
        return catchThrowableOfType(
                        ConfigException.class,
                        () -> DriverSettings.read(backend(settings), OPTIONS))
                .problems();
    }
}
