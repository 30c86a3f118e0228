package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Role;
import io.cairn.daemon.backup.BackupPolicy;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.config.ConfigReader;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.Plugins;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Volumes;
import io.cairn.plugin.file.FileDriverProvider;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

import javax.management.MBeanServer;
import javax.management.Notification;
import javax.management.NotificationFilterSupport;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/**
 * Backends as an operator opens, looks at and closes them: all real, from the file to the MBean.
 */
@Timeout(120)
final class BackendOperationsTest {
    private static final UUID DAEMON = UUID.fromString("3f5f3b5e-0000-4000-8000-000000000004");
    private static final ObjectName MORE = BeanNames.backend("more");
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir private Path home;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final MBeanServer server = House.newServer();
    private Volumes volumes;

    @BeforeEach
    void layOut() throws Exception {
        Files.createDirectories(home.resolve("etc/backends"));
        Files.writeString(home.resolve("etc/cairn.properties"), "stats.every=PT0.05S\n");
        start(Role.ADMIN);
    }

    @AfterEach
    void stop() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
    }

    @Test
    void aBackendIsOpenedByItsNameAndHasItsMBeanAtOnce() throws Exception {
        write("more", "");

        assertThat(invoke(BeanNames.DAEMON, "openBackend", "more")).isEqualTo(MORE.toString());

        assertThat(server.isRegistered(MORE)).isTrue();
        assertThat(get(MORE, "State")).isEqualTo("up");
        assertThat(get(BeanNames.DAEMON, "BackendCount")).isEqualTo(1);
        assertThat(server.queryNames(new ObjectName("cairn:type=Pool,backend=more,*"), null))
                .containsExactly(BeanNames.pool("more", "default"));
        assertThat((String) invoke(MORE, "createVolume", "db1", "1MiB"))
                .isEqualTo("cairn:type=Volume,backend=more,volume=db1");
        assertThat(invoke(BeanNames.DAEMON, "openBackend", "more")).isEqualTo(MORE.toString());
    }

    @Test
    void aWrongFileIsRefusedWithAllItsProblems() throws Exception {
        write("more", "threads=0\nsnapshot.method=tape\n");

        assertThatThrownBy(() -> invoke(BeanNames.DAEMON, "openBackend", "more"))
                .hasMessageStartingWith("INVALID: backend more is not opened: backends/more.prop")
                .hasMessageContaining("threads: '0'");
        assertThatThrownBy(() -> invoke(BeanNames.DAEMON, "openBackend", "none"))
                .hasMessageStartingWith("NOT_FOUND: there is no file")
                .hasMessageContaining("none.properties");
        assertThat(server.isRegistered(MORE)).isFalse();
    }

    @Test
    void aBackendOfOneThreadIsNotKeptFromWorkByACheck() throws Exception {
        write("more", "threads=1\n");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        assertThatThrownBy(() -> invoke(MORE, "checkBackend"))
                .hasMessageStartingWith("UNSUPPORTED: backend more has one thread")
                .hasMessageContaining("threads=2");
        assertThat(get(MORE, "CheckState")).isEqualTo("never");
    }

    @Test
    void aChangedFileOfAnOpenBackendIsAConflict() throws Exception {
        write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        write("more", "reserve=5%\n");

        assertThatThrownBy(() -> invoke(BeanNames.DAEMON, "openBackend", "more"))
                .hasMessageStartingWith("CONFLICT: backend more is open with another configuration")
                .hasMessageContaining("differs in reserve:");
    }

    @Test
    void theVolumesOfAClosedBackendStayListedAndAreRefusedUntilItIsOpenedAgain() throws Exception {
        write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        ObjectName volume = new ObjectName((String) invoke(MORE, "createVolume", "db1", "1MiB"));
        ObjectName snapshot = new ObjectName((String) invoke(volume, "createSnapshot", "s"));

        assertThat(invoke(BeanNames.DAEMON, "closeBackend", "more", "more"))
                .isEqualTo("closed " + MORE);

        assertThat(get(MORE, "State")).isEqualTo("down");
        assertThat(get(MORE, "StateReason")).isEqualTo("closed by an operator");
        assertThat(get(volume, "SnapshotCount")).isEqualTo(1L);
        assertThatThrownBy(() -> invoke(MORE, "checkBackend"))
                .hasMessageStartingWith(
                        "UNAVAILABLE: backend more was not checked: backend more is down");
        assertThat(get(MORE, "CheckState")).isEqualTo("failed");
        assertThat((String) get(MORE, "CheckProblem")).contains("closed by an operator");
        assertThat(server.queryNames(new ObjectName("cairn:*"), null)).contains(volume, snapshot);
        assertThatThrownBy(() -> invoke(volume, "createSnapshot", "t"))
                .hasMessageStartingWith("UNAVAILABLE: ")
                .hasMessageContaining("closed by an operator");
        assertThatThrownBy(() -> invoke(MORE, "createVolume", "db2", "1MiB"))
                .hasMessageStartingWith("UNAVAILABLE: ");
        assertThatThrownBy(() -> invoke(snapshot, "createVolume", "copy"))
                .hasMessageStartingWith("UNAVAILABLE: ");
        assertThatThrownBy(() -> invoke(snapshot, "measureFreedBytes"))
                .hasMessageStartingWith("UNAVAILABLE: cannot tell what deleting snapshot s of")
                .hasMessageContaining("closed by an operator");
        assertThatThrownBy(() -> invoke(MORE, "refreshStats"))
                .hasMessageStartingWith(
                        "UNAVAILABLE: the numbers of backend more are not refreshed");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        assertThat(get(MORE, "State")).isEqualTo("up");
        invoke(volume, "createSnapshot", "t");
        assertThat(get(volume, "SnapshotCount")).isEqualTo(2L);
    }

    @Test
    void aBackendIsClosedOnlyIfItsNameIsTypedTwice() throws Exception {
        write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");

        assertThatThrownBy(() -> invoke(BeanNames.DAEMON, "closeBackend", "more", "true"))
                .hasMessageStartingWith("INVALID: 'true' is not the name of what is to be closed");

        assertThat(get(MORE, "State")).isEqualTo("up");
    }

    @Test
    void aClosedBackendWithoutFileAndVolumesLosesItsMBean() throws Exception {
        Path file = write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        Files.delete(file);

        invoke(BeanNames.DAEMON, "closeBackend", "more", "more");

        assertThat(server.isRegistered(MORE)).isFalse();
        assertThat(get(BeanNames.DAEMON, "BackendCount")).isEqualTo(0);
        assertThat((CompositeData[]) invoke(BeanNames.DAEMON, "listBackends")).isEmpty();
    }

    @Test
    void whatWasDeletedIsReadableThoughItsBackendIsGone() throws Exception {
        Path file = write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        invoke(MORE, "createVolume", "db1", "1MiB");
        invoke(MORE, "deleteVolume", "db1", "db1");
        Files.delete(file);
        invoke(BeanNames.DAEMON, "closeBackend", "more", "more");
        assertThat(deleted()).contains("db1");

        restart();

        assertThat(deleted()).contains("db1");
        // Nothing is lacking of what there is.
        assertThat(get(BeanNames.DAEMON, "State")).isEqualTo("running");
        List<String> heard = new CopyOnWriteArrayList<>();
        NotificationFilterSupport filter = new NotificationFilterSupport();
        filter.enableType("cairn.backend");
        server.addNotificationListener(
                BeanNames.DAEMON,
                (notification, _) -> heard.add(notification.getMessage()),
                filter,
                null);
        assertThat((String) invoke(BeanNames.DAEMON, "forgetBackend", "more", "more"))
                .isEqualTo("forgot 0 volumes and 0 snapshots of backend more");
        await().until(() -> heard.size() == 1);
        assertThat(heard)
                .containsExactly("0 volumes and 0 snapshots of backend more are forgotten");
        assertThat(server.isRegistered(MORE)).isFalse();
    }

    private String deleted() throws Exception {
        return (String)
                server.invoke(
                        MORE,
                        "listDeletedText",
                        new Object[] {10, ""},
                        new String[] {"int", String.class.getName()});
    }

    @Test
    void aBackendWhoseFileIsGoneIsShownAsLongAsItHasVolumes() throws Exception {
        Path file = write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        ObjectName volume = new ObjectName((String) invoke(MORE, "createVolume", "db1", "1MiB"));
        String text = Files.readString(file);
        Files.delete(file);
        restart();

        assertThat(get(MORE, "State")).isEqualTo("down");
        assertThat(get(MORE, "StateReason")).isEqualTo("not configured");
        assertThat(get(MORE, "Driver")).isEqualTo("");
        assertThat(get(MORE, "VolumeCount")).isEqualTo(1L);
        assertThat(get(MORE, "ProvisionedBytes")).isEqualTo(1L << 20);
        assertThat(get(MORE, "OversubscriptionRatio")).isEqualTo(0.0);
        assertThat(get(BeanNames.DAEMON, "VolumeCount")).isEqualTo(1L);
        assertThat((String) invoke(BeanNames.DAEMON, "listBackendsText"))
                .contains("not configured");
        assertThatThrownBy(() -> invoke(volume, "createSnapshot", "s"))
                .hasMessageStartingWith("UNAVAILABLE: ")
                .hasMessageContaining("not configured");
        assertThatThrownBy(() -> invoke(MORE, "createVolume", "db2", "1MiB"))
                .hasMessageStartingWith("UNAVAILABLE: ");
        Files.writeString(file, text);
        invoke(BeanNames.DAEMON, "openBackend", "more");
        invoke(volume, "createSnapshot", "s");
    }

    @Test
    void whatALaterOpenedBackendLeftUnfinishedIsSettledByItself() throws Exception {
        write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        ObjectName volume = new ObjectName((String) invoke(MORE, "createVolume", "db1", "1MiB"));
        takeAway(home.resolve("more"), home.resolve("away"));
        assertThatThrownBy(() -> invoke(volume, "delete", "db1"))
                .hasMessageStartingWith("UNAVAILABLE: ");
        assertThat(get(MORE, "VolumeCount")).isEqualTo(1L);
        assertThat(get(MORE, "UnfinishedCount")).isEqualTo(1L);
        await().until(() -> !((String) get(MORE, "StatsProblem")).isEmpty());
        assertThat((Long) get(MORE, "TotalBytes")).isPositive();

        putBack(home.resolve("away"), home.resolve("more"));

        await().atMost(LONG).until(() -> get(MORE, "UnfinishedCount").equals(0L));
        assertThat(get(MORE, "VolumeCount")).isEqualTo(0L);
        await().until(() -> ((String) get(MORE, "StatsProblem")).isEmpty());
    }

    @Test
    void storageThatStaysAwayOpensTheBreakerWhichAnOperatorResetsOnceItIsBack() throws Exception {
        write("more", "breaker.failures=2\n");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        List<Notification> heard = new CopyOnWriteArrayList<>();
        NotificationFilterSupport filter = new NotificationFilterSupport();
        filter.enableType("cairn.backend.breaker");
        server.addNotificationListener(MORE, (news, _) -> heard.add(news), filter, null);
        assertThat(get(MORE, "BreakerState")).isEqualTo("closed");
        assertThat(get(MORE, "BreakerStateCode")).isEqualTo(1);
        assertThat(invoke(MORE, "resetBreaker")).isEqualTo("closed");
        takeAway(home.resolve("more"), home.resolve("away"));

        await().until(() -> get(MORE, "BreakerOpenedCount").equals(1L));

        assertThat(get(MORE, "BreakerStateCode")).isIn(2, 3);
        assertThat((String) get(MORE, "BreakerReason"))
                .startsWith("2 calls in a row were not answered, the last: ")
                .contains("is no longer the folder that was opened");
        assertThat(Instant.parse((String) get(MORE, "BreakerSince"))).isBefore(Instant.now());
        assertThat((Long) get(MORE, "BreakerAgeMs")).isNotNegative();
        assertThat(get(MORE, "State")).isEqualTo("up");
        assertThat(get(BeanNames.DAEMON, "State")).isEqualTo("degraded");
        assertThat((String) get(BeanNames.DAEMON, "StateReason"))
                .contains("backend more does not answer, and no work is given to it: 2 calls");
        assertThatThrownBy(() -> invoke(MORE, "createVolume", "db1", "1MiB"))
                .hasMessageStartingWith("UNAVAILABLE: ")
                .hasMessageContaining("no work is given to it since")
                .hasMessageContaining("nothing was changed");
        assertThatThrownBy(() -> invoke(MORE, "resetBreaker"))
                .hasMessageStartingWith("UNAVAILABLE: the breaker of backend more stays as it is: ")
                .hasMessageContaining("is no longer the folder that was opened");
        assertThat(get(MORE, "UnfinishedCount")).isEqualTo(0L);
        putBack(home.resolve("away"), home.resolve("more"));

        assertThat(invoke(MORE, "resetBreaker")).isEqualTo("closed");

        assertThat(get(MORE, "BreakerStateCode")).isEqualTo(1);
        assertThat(get(MORE, "BreakerReason")).isEqualTo("");
        invoke(MORE, "createVolume", "db1", "1MiB");
        await().until(() -> heard.size() == 2);
        assertThat(heard.get(0).getMessage())
                .startsWith("backend more does not answer, and no work is given to it: 2 calls");
        assertThat(heard.get(1).getMessage())
                .isEqualTo("backend more answers again, and is given work");
        CompositeData data = (CompositeData) heard.get(0).getUserData();
        assertThat(data.get("backend")).isEqualTo("more");
        assertThat(data.get("from")).isEqualTo("closed");
        assertThat(data.get("to")).isEqualTo("open");
        assertThat((String) data.get("reason")).startsWith("2 calls in a row");
    }

    @Test
    void storageThatGoesAwayRefusesWorkAndIsThereAgainByItself() throws Exception {
        write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        ObjectName volume = new ObjectName((String) invoke(MORE, "createVolume", "db1", "1MiB"));
        takeAway(home.resolve("more"), home.resolve("away"));

        assertThatThrownBy(() -> invoke(MORE, "refreshStats"))
                .hasMessageStartingWith("UNAVAILABLE: ")
                .hasMessageContaining("is no longer the folder that was opened");
        assertThatThrownBy(() -> invoke(volume, "createSnapshot", "s"))
                .hasMessageStartingWith("UNAVAILABLE: ");
        assertThatThrownBy(() -> invoke(MORE, "createVolume", "db2", "1MiB"))
                .hasMessageStartingWith("UNAVAILABLE: ");
        assertThat(server.isRegistered(volume)).isTrue();
        await().until(() -> get(BeanNames.DAEMON, "State").equals("degraded"));
        assertThat((String) get(BeanNames.DAEMON, "StateReason"))
                .contains("backend more tells nothing of its pools")
                .contains("is no longer the folder that was opened");
        putBack(home.resolve("away"), home.resolve("more"));

        await().atMost(LONG)
                .ignoreExceptions()
                .until(() -> invoke(volume, "createSnapshot", "t") != null);
        await().atMost(LONG).until(() -> get(BeanNames.DAEMON, "State").equals("running"));
    }

    @Test
    void statsAreAskedForNowAndTellWhatWasGivenOut() throws Exception {
        write("more", "overcommit.ratio=2\nreserve=10%\npool=p\n");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        invoke(MORE, "createVolume", "db1", "1GiB");
        ObjectName volume = new ObjectName("cairn:type=Volume,backend=more,volume=db1");
        invoke(volume, "createSnapshot", "s");

        String table = (String) invoke(MORE, "refreshStats");

        assertThat(table.lines().toList())
                .hasSize(3)
                .satisfies(
                        lines -> {
                            assertThat(lines.getFirst()).startsWith("POOL  TOTAL");
                            assertThat(lines.get(1)).startsWith("p ").contains("1.0 GiB");
                            assertThat(lines.getLast()).isEqualTo("1 pool, thin");
                        });
        for (ObjectName name : new ObjectName[] {MORE, BeanNames.pool("more", "p")}) {
            long total = (Long) get(name, "TotalBytes");
            long reserve = (Long) get(name, "ReserveBytes");
            assertThat(get(name, "AllocatedBytes"))
                    .isEqualTo(total - (Long) get(name, "FreeBytes"));
            assertThat(get(name, "ProvisionedBytes")).isEqualTo(1L << 30);
            assertThat(reserve).isEqualTo((total + 9) / 10);
            assertThat(get(name, "ProvisionedLimitBytes")).isEqualTo(2 * (total - reserve));
            assertThat(get(name, "OvercommitRatioLimit")).isEqualTo(2.0);
            assertThat((Double) get(name, "OversubscriptionRatio"))
                    .isEqualTo((double) (1L << 30) / total);
            assertThat(get(name, "Provisioning")).isEqualTo("thin");
            assertThat(get(name, "VolumeCount")).isEqualTo(1L);
            assertThat(get(name, "SnapshotCount")).isEqualTo(1L);
        }
    }

    @Test
    void aVolumeBeyondTheLimitsIsRefusedWithTheNumbers() throws Exception {
        write("more", "reserve=100%\n");
        invoke(BeanNames.DAEMON, "openBackend", "more");

        assertThatThrownBy(() -> invoke(MORE, "createVolume", "db1", "1MiB"))
                .hasMessageStartingWith(
                        "NO_SPACE: cannot create volume db1 on backend more: pool default of backend"
                                + " more has volumes of 0B together and takes 0B at most");
        assertThat(get(MORE, "VolumeCount")).isEqualTo(0L);
    }

    @Test
    void everyDriverIsListedWithItsSettingsThoughNoBackendUsesIt() throws Exception {
        CompositeData driver = ((CompositeData[]) invoke(BeanNames.DAEMON, "listDrivers"))[0];

        assertThat(driver.get("name")).isEqualTo("file");
        CompositeData[] options = (CompositeData[]) driver.get("options");
        assertThat(driver.get("optionCount")).isEqualTo(options.length);
        CompositeData method =
                Arrays.stream(options)
                        .filter(option -> option.get("name").equals("snapshot.method"))
                        .findFirst()
                        .orElseThrow();
        assertThat(method.get("type")).isEqualTo("text");
        assertThat(method.get("required")).isEqualTo(false);
        assertThat(method.get("fallback")).isEqualTo("auto");
        assertThat(method.get("secret")).isEqualTo(false);
        assertThat(method.get("choices")).isEqualTo("auto,reflink,copy");
        assertThat((String) method.get("help")).isNotEmpty();
        assertThat((String) invoke(BeanNames.DAEMON, "listDriversText"))
                .startsWith("file ")
                .containsPattern("\ndirectory +path +yes")
                .endsWith("1 driver");
    }

    @Test
    void aBackendShowsWhatItsDriverSaysOfItself() throws Exception {
        write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");

        assertThat(get(MORE, "Driver")).isEqualTo("file");
        for (String fact : new String[] {"DriverVersion", "DriverVendor", "DriverDescription"}) {
            assertThat((String) get(MORE, fact)).as(fact).isNotEmpty();
        }
        assertThat((String) get(MORE, "Traits")).startsWith("thin");
        assertThat((String) get(MORE, "Capabilities")).contains("thin");
    }

    @Test
    void onlyAnAdministratorOpensAndClosesAndOnlyAnOperatorRefreshes() throws Exception {
        write("more", "");
        invoke(BeanNames.DAEMON, "openBackend", "more");
        stop();
        start(Role.OPERATOR);

        assertThatThrownBy(() -> invoke(BeanNames.DAEMON, "openBackend", "more"))
                .isInstanceOf(SecurityException.class);
        assertThatThrownBy(() -> invoke(BeanNames.DAEMON, "closeBackend", "more", "more"))
                .isInstanceOf(SecurityException.class);
        assertThat((String) invoke(MORE, "refreshStats")).startsWith("POOL");
        stop();
        start(Role.READER);
        assertThatThrownBy(() -> invoke(MORE, "refreshStats"))
                .isInstanceOf(SecurityException.class);
    }

    private Path write(String name, String settings) throws IOException {
        Path images = Files.createDirectories(home.resolve(name));
        return Files.writeString(
                home.resolve("etc/backends").resolve(name + ".properties"),
                "driver=file\ndirectory=%s\n%s".formatted(images, settings));
    }

    /** As if its file system were gone; the driver holds the folders open, so they are emptied. */
    private static void takeAway(Path images, Path away) throws IOException {
        Files.move(images, away);
        Files.createDirectory(away.resolve("kept"));
        moveAll(away.resolve("volumes"), away.resolve("kept"));
    }

    private static void putBack(Path away, Path images) throws IOException {
        moveAll(away.resolve("kept"), away.resolve("volumes"));
        Files.delete(away.resolve("kept"));
        Files.move(away, images);
    }

    private static void moveAll(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.list(from)) {
            for (Path one : all.toList()) {
                Files.move(one, to.resolve(one.getFileName()));
            }
        }
    }

    private Object invoke(ObjectName bean, String operation, String... arguments) throws Exception {
        String[] signature = new String[arguments.length];
        Arrays.fill(signature, "java.lang.String");
        return server.invoke(bean, operation, arguments, signature);
    }

    private Object get(ObjectName bean, String attribute) throws Exception {
        return server.getAttribute(bean, attribute);
    }

    private void restart() throws Exception {
        stop();
        start(Role.ADMIN);
    }

    private void start(Role role) throws Exception {
        Configuration configuration = ConfigReader.read(home.resolve("etc"));
        StateStore store =
                StateStore.open(
                        home.resolve("state"),
                        StoreOptions.DEFAULTS,
                        SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema())));
        parts.push(store);
        Backends backends =
                Backends.open(
                        DAEMON,
                        Volumes.usedBackends(store),
                        Volumes.holdingBackends(store),
                        Plugins.of(new FileDriverProvider()),
                        configuration);
        parts.push(() -> backends.close(LONG));
        Metrics metrics = new Metrics();
        volumes = new Volumes(store, backends, metrics);
        KeyValues values = new KeyValues(store);
        parts.push(() -> assertThat(volumes.stop(LONG)).isTrue());
        volumes.start(LONG);
        parts.push(
                ManagementBeans.start(
                        server,
                        new ManagementBeans.About("test", Instant.now(), List.of()),
                        volumes,
                        values,
                        new Transfers(volumes, values, backends, home.resolve("transfer")),
                        new Checks(volumes, backends),
                        new Backups(
                                store,
                                SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema())),
                                new BackupPolicy(home.resolve("backups"), Duration.ZERO, 7, 0),
                                backends.daemon()),
                        backends,
                        new BackendDoor(
                                backends, configuration, volumes::everUsed, volumes::holding),
                        metrics,
                        store::health,
                        new Callers(role, new Audit()),
                        QueryLimits.DEFAULT));
    }
}
