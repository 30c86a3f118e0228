package io.cairn.plugin.faulty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What goes wrong as the control file and the schedule say, on the file driver. */
@Timeout(120)
final class FaultsTest {
    private static final BackendIdentity SELF = new BackendIdentity(new UUID(3, 4), "faults");
    private static final long SIZE = 64 << 10;

    @TempDir private Path temporary;
    private Path folder;
    private final Map<String, String> settings = new HashMap<>();
    private final List<Driver> opened = new ArrayList<>();

    @BeforeEach
    void configure() throws Exception {
        folder = Drills.folder(temporary);
        settings.putAll(settings(temporary));
        Files.createDirectory(temporary.resolve("backend"));
    }

    private static Map<String, String> settings(Path temporary) {
        return Map.of(
                FaultyDriverProvider.DRIVER,
                "file",
                FaultyDriverProvider.FOLDER,
                temporary.resolve(Drills.NAME).toString(),
                "directory",
                temporary.resolve("backend").toString(),
                "snapshot.method",
                "copy");
    }

    @AfterEach
    void close() {
        opened.forEach(Driver::close);
    }

    private Driver open() throws Exception {
        Driver driver = open(settings);
        opened.add(driver);
        return driver;
    }

    private static Driver open(Map<String, String> settings) throws Exception {
        FaultyDriverProvider provider = new FaultyDriverProvider();
        return provider.open(SELF, new Settings(provider.info().options(), settings));
    }

    private static VolumeSpec spec() {
        return new VolumeSpec(VolumeId.random(), "default", SIZE, new Mark("volume"));
    }

    @ParameterizedTest
    @CsvSource({
        "unavailable-before, false, UNAVAILABLE",
        "unavailable-after, true, UNAVAILABLE",
        "fault-before, false, FAULT",
        "fault-after, true, FAULT",
        "full-before, false, NO_SPACE",
        "full-after, false, NO_SPACE",
    })
    void aFailureSaysTheTruthAboutTheEffect(
            String kind, boolean done, DriverException.Kind expected) throws Exception {
        Driver driver = open();
        Drills.control(folder, "arm one createVolume " + kind);
        VolumeSpec spec = spec();

        assertThatThrownBy(() -> driver.createVolume(spec))
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.kind()).isEqualTo(expected));

        assertThat(driver.findVolume(spec.id()).isPresent()).isEqualTo(done);
        assertThat(Drills.faults(folder))
                .singleElement()
                .asString()
                .contains("createVolume " + kind, "by=one", "of=" + spec.id());
        assertThat(driver.createVolume(spec).id()).isEqualTo(spec.id());
    }

    @ParameterizedTest
    @CsvSource({
        "bug-before, false, java.lang.IllegalStateException",
        "bug-after, true, java.lang.IllegalStateException",
        "error-before, false, java.lang.NoClassDefFoundError",
        "error-after, true, java.lang.NoClassDefFoundError",
        "interrupted-before, false, java.lang.InterruptedException",
        "interrupted-after, true, java.lang.InterruptedException",
    })
    void aBugThrowsWhatNoDriverMay(String kind, boolean done, Class<?> expected) throws Exception {
        Driver driver = open();
        Drills.control(folder, "arm one createVolume " + kind);
        VolumeSpec spec = spec();

        assertThat(catchThrowable(() -> driver.createVolume(spec))).isInstanceOf(expected);

        assertThat(driver.findVolume(spec.id()).isPresent()).isEqualTo(done);
    }

    @ParameterizedTest
    @CsvSource({"null-before, false", "null-after, true"})
    void nullIsAnswered(String kind, boolean done) throws Exception {
        Driver driver = open();
        Drills.control(folder, "arm one createVolume " + kind);
        VolumeSpec spec = spec();

        assertThat(driver.createVolume(spec)).isNull();

        assertThat(driver.findVolume(spec.id()).isPresent()).isEqualTo(done);
    }

    @ParameterizedTest
    @ValueSource(strings = {"late-before", "late-after", "twice"})
    void whatIsLateOrMadeTwiceIsAnsweredRightly(String kind) throws Exception {
        Driver driver = open();
        VolumeSpec spec = spec();
        SnapshotSpec cut = new SnapshotSpec(SnapshotId.random(), spec.id(), new Mark("cut"));
        Drills.control(folder, "arm a createVolume " + kind, "arm b createSnapshot " + kind);

        assertThat(driver.createVolume(spec).id()).isEqualTo(spec.id());
        assertThat(driver.createSnapshot(cut).id()).isEqualTo(cut.id());

        assertThat(driver.inventory().volumes()).hasSize(1);
        assertThat(driver.inventory().snapshots()).hasSize(1);
        assertThat(Drills.faults(folder)).hasSize(2);
    }

    @Test
    void nothingIsToldTwiceOfAnInventoryThatIsTakenTwice() throws Exception {
        Driver driver = open();
        driver.createVolume(spec());
        Drills.control(folder, "arm one inventory twice 2");

        assertThat(driver.inventory().volumes()).hasSize(1);

        assertThat(Drills.faults(folder)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"hang-before, false", "hang-after, true"})
    void aHungCallGoesOnWhenItIsReleasedAndNotWhenItIsInterrupted(String kind, boolean done)
            throws Exception {
        Driver driver = open();
        Drills.control(folder, "arm one createVolume " + kind);
        VolumeSpec spec = spec();
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
            Future<?> call = threads.submit(() -> driver.createVolume(spec));
            while (Drills.faults(folder).isEmpty()) {
                Thread.sleep(5);
            }
            assertThat(driver.findVolume(spec.id()).isPresent()).isEqualTo(done);
            threads.shutdownNow();
            Drills.control(folder, "release 2");
            assertThat(call.isDone()).isFalse();
            Drills.control(folder, "release 1");
            // What was to begin then learns of the interrupt at last.
            assertThat(catchThrowable(call::get) == null).isEqualTo(done);
        }
        assertThat(driver.createVolume(spec).id()).isEqualTo(spec.id());
    }

    @ParameterizedTest
    @CsvSource({"halt-before, false", "halt-after, true"})
    void theJvmIsHaltedAndDoesNotMeetTheSameFaultAgain(String kind, boolean done) throws Exception {
        Drills.control(folder, "arm one createVolume " + kind);
        VolumeId id = VolumeId.random();
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                FaultsTest.class.getName(),
                                temporary.toString(),
                                id.toString())
                        .inheritIO()
                        .start();

        assertThat(process.waitFor()).isEqualTo(Faults.HALTED);

        Driver driver = open();
        assertThat(driver.findVolume(id).isPresent()).isEqualTo(done);
        assertThat(driver.createVolume(volume(id)).id()).isEqualTo(id);
        assertThat(Drills.faults(folder)).hasSize(1);
    }

    /** Takes the folder, and the id of a volume to make. */
    public static void main(String[] arguments) throws Exception {
        try (Driver driver = open(settings(Path.of(arguments[0])))) {
            driver.createVolume(volume(VolumeId.parse(arguments[1])));
        }
    }

    private static VolumeSpec volume(VolumeId id) {
        return new VolumeSpec(id, "default", SIZE, new Mark("volume"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"full-before", "full-after"})
    void aRepeatThatFindsItsVolumeIsNotToldThatThereIsNoSpace(String kind) throws Exception {
        Driver driver = open();
        VolumeSpec spec = spec();
        driver.createVolume(spec);
        Drills.control(folder, "arm one createVolume " + kind);

        assertThat(driver.createVolume(spec).id()).isEqualTo(spec.id());

        assertThat(driver.findVolume(spec.id())).isPresent();
        assertThat(Drills.faults(folder)).isEmpty();
    }

    @Test
    void thereIsNoSpaceToGrowUnlessItHasGrown() throws Exception {
        Driver driver = open();
        VolumeSpec spec = spec();
        driver.createVolume(spec);
        Drills.control(folder, "arm one grow full-before 2");

        assertThatThrownBy(() -> driver.growing().orElseThrow().grow(spec.id(), 2 * SIZE))
                .hasMessageContaining("full-before of grow");
        assertThat(driver.growing().orElseThrow().grow(spec.id(), SIZE).sizeBytes())
                .isEqualTo(SIZE);

        assertThat(Drills.faults(folder)).hasSize(1);
    }

    @Test
    void aCallThatFailsByItselfLeavesItsFaultToTheNext() throws Exception {
        Driver driver = open();
        Drills.control(folder, "arm one createVolume fault-after");
        VolumeSpec wrong = new VolumeSpec(VolumeId.random(), "nowhere", SIZE, Mark.NONE);

        assertThatThrownBy(() -> driver.createVolume(wrong)).hasMessageContaining("nowhere");
        assertThatThrownBy(() -> driver.createVolume(spec())).hasMessageContaining("fault 1");
    }

    @Test
    void aFailureToOpenLeavesTheStorageFree() throws Exception {
        Drills.control(folder, "arm a open unavailable-after", "arm b open null-after");

        assertThatThrownBy(this::open).hasMessageContaining("unavailable-after of open");
        assertThat(open(settings)).isNull();

        assertThat(open().pools()).hasSize(1);
    }

    @Test
    void theSameSeedStrikesTheSameCalls() throws Exception {
        settings.put(FaultyDriverProvider.EVERY, "3");
        settings.put(FaultyDriverProvider.SEED, "42");
        settings.put(
                FaultyDriverProvider.KINDS,
                "all,hang-before:0,hang-after:0,halt-before:0"
                        + ",halt-after:0,late-before:0,late-after:0");
        settings.put(FaultyDriverProvider.CALLS, "findVolume,pools");
        List<String> first = strikes(open());
        opened.removeLast().close();
        List<String> second = strikes(open());
        opened.removeLast().close();
        Files.delete(folder.resolve(Drill.LOG));
        List<String> again = strikes(open());

        assertThat(first).contains("nothing").hasSizeGreaterThan(5).isEqualTo(again);
        assertThat(second).isNotEqualTo(first);
        assertThat(Drills.faults(folder).size())
                .isEqualTo(again.stream().filter(each -> !each.equals("nothing")).count());
    }

    private static List<String> strikes(Driver driver) {
        List<String> strikes = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Throwable failure =
                    catchThrowable(
                            () -> {
                                if (driver.findVolume(VolumeId.random()) == null) {
                                    throw new IllegalStateException("null");
                                }
                            });
            strikes.add(failure == null ? "nothing" : String.valueOf(failure.getMessage()));
        }
        return strikes;
    }

    @Test
    void offSwitchesTheScheduleOffAndNotWhatIsArmed() throws Exception {
        settings.put(FaultyDriverProvider.EVERY, "1");
        settings.put(FaultyDriverProvider.KINDS, "fault-before");
        Drills.control(folder, "off");
        Driver driver = open();
        assertThat(driver.pools()).hasSize(1);
        Drills.control(folder, "off", "arm one pools bug-before");
        assertThatThrownBy(driver::pools).isInstanceOf(IllegalStateException.class);
        assertThat(driver.pools()).hasSize(1);
        Drills.control(folder);
        assertThatThrownBy(driver::pools).isInstanceOf(DriverException.class);
    }

    @Test
    void whatOthersCouldWriteIsRefused() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(this::open).hasMessageContaining("chmod go-w");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Driver driver = open();
        Drills.control(folder, "off");
        Files.setPosixFilePermissions(
                folder.resolve(Drill.CONTROL), PosixFilePermissions.fromString("rw--w----"));
        assertThatThrownBy(driver::pools).hasMessageContaining("chmod go-w");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "of",
                "off now",
                "arm one createVolume",
                "arm one makeVolume fault-before",
                "arm one createVolume lie-after",
                "arm one createVolume fault-before many",
                "arm schedule createVolume fault-before",
                "release all",
            })
    void aControlFileThatSaysNothingStopsTheDrill(String line) throws Exception {
        Drills.control(folder, "# a line that is none", "", line);

        assertThatThrownBy(this::open)
                .isInstanceOf(DriverException.class)
                .hasMessageContaining(line);
    }

    @ParameterizedTest
    @CsvSource({
        "faulty.every, -1, below 0",
        "faulty.kinds, 'fault-before,never', 'never'",
        "faulty.kinds, fault-before:x, no number",
        "faulty.kinds, fault-before:-1, not from 0",
        "faulty.calls, makeVolume, no call of a driver",
        "faulty.driver, none, no driver 'none'",
        "faulty.driver, faulty, no driver 'faulty'",
        "faulty.folder, /nonexistent, make it",
        "snapshot.method, magic, magic",
    })
    void aWrongSettingIsRefused(String setting, String value, String message) {
        settings.put(setting, value);

        assertThatThrownBy(this::open).hasMessageContaining(message);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void everyKindHasAWordOfItsOwn(Kind kind) {
        assertThat(Kind.of(kind.word())).contains(kind);
    }
}
