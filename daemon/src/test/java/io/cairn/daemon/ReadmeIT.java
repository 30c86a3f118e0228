package io.cairn.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.Shell.Outcome;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Runs what README.md tells its reader to type, in an installation made as it says. Only the port
 * and the folder of one example are others, since those of the text may be taken.
 */
@Timeout(300)
final class ReadmeIT {
    private static final Path DISTRIBUTION = Path.of(System.getProperty("cairn.dist"));
    private static final Path JMXTERM = Path.of(System.getProperty("cairn.jmxterm"));

    /** Whether this user can have block devices. */
    private static final boolean DEVICES = Files.isWritable(Path.of("/dev/loop-control"));

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private static Path home;

    private static Readme readme;
    private static Path installation;
    private static Running daemon;

    /** A daemon, and where it listens. */
    private record Running(Process process, String url, int port) {}

    @BeforeAll
    static void installAndStart() throws Exception {
        readme = Readme.read(Shell.ROOT.resolve("README.md"));
        Outcome installed =
                shell(Shell.ROOT, "HOME='%s'\n".formatted(home) + readme.block("install"), "");
        assertThat(installed.status()).describedAs(installed.err()).isZero();
        installation = home.resolve(String.valueOf(DISTRIBUTION.getFileName()));
        Files.copy(JMXTERM, installation.resolve("jmxterm-1.0.4-uber.jar"));
        daemon = start(installation, readme.block("start").strip() + " --set jmx.port=0");
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (daemon != null) {
            Shell.stop(daemon.process());
        }
    }

    @Test
    void everyBlockIsRunByATestOrSaysWhyItIsNot() {
        assertThat(readme.names())
                .isEqualTo(
                        Set.of(
                                "quickstart",
                                "install",
                                "start",
                                "jmxterm",
                                "make",
                                "clone",
                                "change",
                                "together",
                                "attach",
                                "look",
                                "back up",
                                "delete",
                                "script",
                                "another",
                                "open",
                                "hand over",
                                "take over",
                                "forget",
                                "users",
                                "cairn.properties",
                                "backend.properties"));
        assertThat(readme.reasons()).hasSize(7).allMatch(reason -> reason.length() > 10);
    }

    @Test
    void whatIsShownForJmxtermDoesWhatItSays() throws Exception {
        try (JMXConnector connector = connect()) {
            MBeanServerConnection server = connector.getMBeanServerConnection();
            String volume = "cairn:type=Volume,backend=fast,volume=db1";
            String nightly = "cairn:type=Snapshot,backend=fast,volume=db1,snapshot=nightly-";

            Outcome made = jmxterm("make");

            assertThat(made.out()).contains("State = up", "nightly-1", "2 snapshots, no more");
            assertThat(server.getAttribute(new ObjectName(volume), "SizeBytes"))
                    .isEqualTo(10L << 30);
            assertThat((ObjectName[]) server.getAttribute(new ObjectName(volume), "Snapshots"))
                    .containsExactly(new ObjectName(nightly + 2), new ObjectName(nightly + 1));
            assertThat(server.getAttribute(new ObjectName(nightly + 2), "Description"))
                    .isEqualTo("before the upgrade");
            assertThat(server.getAttribute(new ObjectName(nightly + 2), "Labels"))
                    .isEqualTo("keep=yes");

            Outcome cloned = jmxterm("clone");

            assertThat(cloned.out()).contains("OriginSnapshot = " + nightly + "2");
            assertThat(server.getAttribute(new ObjectName(volume + "-test"), "SizeBytes"))
                    .isEqualTo(10L << 30);
            assertThat(server.getAttribute(new ObjectName(volume + "-larger"), "SizeBytes"))
                    .isEqualTo(20L << 30);

            Outcome changed = jmxterm("change");

            assertThat(changed.out())
                    .contains(Long.toString(12L << 30), "audit", "db1-old was deleted already");
            assertThat(server.getAttribute(new ObjectName(volume), "Description"))
                    .isEqualTo("the orders");
            assertThat(server.getAttribute(new ObjectName(volume), "HoldCount")).isEqualTo(0L);

            Outcome together = jmxterm("together");

            assertThat(together.out())
                    .contains("volume=db1,snapshot=before-move", "volume=db1-test,snapshot=before")
                    .contains("countSnapshots name=before-move2");

            if (DEVICES) {
                Outcome attached = jmxterm("attach");

                assertThat(attached.out())
                        .contains("/dev/loop", "State = in-use", "AttachState = attached");
                assertThat(server.getAttribute(new ObjectName(volume), "State"))
                        .isEqualTo("available");
            }

            Outcome seen = jmxterm("look");

            assertThat(seen.out())
                    .contains(
                            "State = running",
                            "VolumeCount = 3",
                            "SnapshotCount = 2",
                            "UnfinishedCount = 0",
                            "3 volumes, no more",
                            "2 volumes, no more",
                            // The larger of the two copies comes first.
                            "db1-larger",
                            "2 snapshots, no more");

            Outcome backedUp = jmxterm("back up");

            assertThat(backedUp.out()).contains("BackupProblem = ");
            await().atMost(Duration.ofMinutes(2))
                    .until(
                            () ->
                                    server.getAttribute(
                                                    new ObjectName("cairn:type=Daemon"),
                                                    "BackupCount")
                                            .equals(1));

            jmxterm("delete");

            assertThat(server.queryNames(new ObjectName("cairn:type=Volume,*"), null))
                    .containsExactly(new ObjectName(volume));
            assertThat(server.queryNames(new ObjectName("cairn:type=Snapshot,*"), null)).isEmpty();

            Outcome script = shell(installation, readme.block("script"), "");
            assertThat(script.status()).describedAs(script.err()).isZero();
            assertThat(script.out()).isEqualToIgnoringNewLines(nightly + 3);
            assertThat(server.getAttribute(new ObjectName(nightly + 3), "Description"))
                    .isEqualTo("by a script");

            String refused = readme.block("script").replace("nightly-3", "Nightly");
            assertThat(shell(installation, refused, "").status()).isNotZero();
        }
    }

    @Test
    void anotherBackendIsOpenedAndClosedAsShown() throws Exception {
        Outcome written =
                shell(installation, "HOME='%s'\n".formatted(home) + readme.block("another"), "");
        assertThat(written.status()).describedAs(written.err()).isZero();

        Outcome opened = jmxterm("open");

        assertThat(opened.out())
                .contains(
                        "snapshot.method",
                        "1 pool, thin",
                        "State = up",
                        "ProvisionedBytes = 0",
                        "closed cairn:type=Backend,backend=more");
        // The other examples expect no backend but theirs.
        Files.delete(installation.resolve("etc/backends/more.properties"));
        try (JMXConnector connector = connect()) {
            Object _ =
                    connector
                            .getMBeanServerConnection()
                            .invoke(
                                    new ObjectName("cairn:type=Daemon"),
                                    "closeBackend",
                                    new Object[] {"more", "more"},
                                    new String[] {"java.lang.String", "java.lang.String"});
        }
    }

    @Test
    void aBackendMovesToAnotherDaemonAsShown(@TempDir Path folder) throws Exception {
        Path first = Files.createDirectories(folder.resolve("first"));
        Path second = Files.createDirectories(folder.resolve("second"));
        Path images = Files.createDirectory(folder.resolve("images"));
        String backend = "driver=file\ndirectory=%s\n".formatted(images);
        Path fast =
                Files.createDirectories(first.resolve("etc/backends")).resolve("fast.properties");
        Files.writeString(fast, backend);
        Files.createDirectories(second.resolve("etc/backends"));
        Files.createFile(first.resolve("etc/cairn.properties"));
        Files.createFile(second.resolve("etc/cairn.properties"));
        Running from = startIn(first);
        Running to = startIn(second);
        try (JMXConnector fromConnector = connect(from, first.resolve("data"));
                JMXConnector toConnector = connect(to, second.resolve("data"))) {
            MBeanServerConnection before = fromConnector.getMBeanServerConnection();
            MBeanServerConnection after = toConnector.getMBeanServerConnection();
            ObjectName snapshot =
                    new ObjectName("cairn:type=Snapshot,backend=fast,volume=db1,snapshot=nightly");
            ObjectName volume = new ObjectName("cairn:type=Volume,backend=fast,volume=db1");
            invoke(before, "cairn:type=Backend,backend=fast", "createVolume", "db1", "1MiB");
            invoke(before, volume.toString(), "createSnapshot", "nightly");
            Object id = before.getAttribute(snapshot, "Id");
            String other =
                    after.getAttribute(new ObjectName("cairn:type=Daemon"), "DaemonId").toString();

            jmxterm(first, from, readme.block("hand over").replace("DAEMON-ID", other));
            Files.copy(
                    first.resolve("data/transfer/fast.json"),
                    Files.createDirectories(
                                    second.resolve("data/transfer"),
                                    PosixFilePermissions.asFileAttribute(
                                            PosixFilePermissions.fromString("rwx------")))
                            .resolve("fast.json"));
            Files.writeString(second.resolve("etc/backends/fast.properties"), backend);
            Outcome taken = jmxterm(second, to, readme.block("take over"));

            assertThat(taken.out())
                    .contains(
                            "this was a dry run", "2 created, 0 the same already, 0 in conflict\n");
            assertThat(after.getAttribute(snapshot, "Id")).isEqualTo(id);
            assertThat((ObjectName[]) after.getAttribute(volume, "Snapshots"))
                    .containsExactly(snapshot);
            invoke(after, snapshot.toString(), "createVolume", "db1-copy");
            assertThat(before.isRegistered(volume)).isTrue();

            jmxterm(first, from, readme.block("forget"));

            assertThat(before.isRegistered(volume)).isFalse();
            invoke(after, snapshot.toString(), "delete", "nightly");
        } finally {
            Shell.stop(from.process());
            Shell.stop(to.process());
        }
    }

    @Test
    void usersAreAddedListedAndRemoved() throws Exception {
        Outcome users = shell(installation, readme.block("users"), "");

        assertThat(users.status()).describedAs(users.err()).isZero();
        assertThat(users.out()).contains("alice\toperator\n", "Removed alice");
        assertThat(installation.resolve("alice.password")).content().hasSizeGreaterThan(12);
    }

    @Test
    void theConfigurationExamplesStartADaemon(@TempDir Path folder) throws Exception {
        Path images = Files.createDirectory(folder.resolve("images"));
        Path backends = Files.createDirectories(folder.resolve("etc/backends"));
        Files.writeString(folder.resolve("etc/cairn.properties"), readme.block("cairn.properties"));
        Files.writeString(
                backends.resolve("rack4.properties"),
                readme.block("backend.properties").replace("=/srv/cairn\n", "=" + images + "\n"));

        Running example = startIn(folder);
        try (JMXConnector connector = connect(example, folder.resolve("data"))) {
            ObjectName backend = new ObjectName("cairn:type=Backend,backend=rack4");
            MBeanServerConnection server = connector.getMBeanServerConnection();
            assertThat(server.getAttribute(backend, "State")).isEqualTo("up");
            assertThat(server.getAttribute(backend, "Description"))
                    .isEqualTo("The array in rack 4");
        } finally {
            Shell.stop(example.process());
        }
    }

    /** Types a block's lines into jmxterm. */
    private static Outcome jmxterm(String block) throws Exception {
        return jmxterm(installation, daemon, readme.block(block));
    }

    /** Types lines into jmxterm; it goes on after errors, so those are looked for. */
    private static Outcome jmxterm(Path folder, Running at, String lines) throws Exception {
        String commands =
                readme.block("jmxterm")
                        .replace("7091", "" + at.port())
                        .replace("jmxterm-1", "'%s'/jmxterm-1".formatted(installation));
        Outcome outcome = shell(folder, commands, lines + "exit\n");
        assertThat(outcome.status()).describedAs(outcome.err()).isZero();
        assertThat(outcome.err()).doesNotContain("Exception", "Unknown");
        return outcome;
    }

    private static Outcome shell(Path folder, String commands, String input) throws Exception {
        String here = daemon == null ? commands : commands.replace("7091", "" + daemon.port());
        return Shell.run(home, folder, here, input);
    }

    /** Starts a daemon of the installation with this folder's {@code etc} and {@code data}. */
    private static Running startIn(Path folder) throws IOException {
        return start(
                folder,
                "'%s/bin/cairnd' --etc etc --data data --set jmx.port=0".formatted(installation));
    }

    /** Starts a daemon whose data folder is {@code data} in this folder, and waits for it. */
    private static Running start(Path folder, String command) throws IOException {
        Path log = folder.resolve("started.log");
        Path address = folder.resolve("data/jmx-address");
        Process process =
                Shell.bash(home, folder, "exec " + command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            await().atMost(Duration.ofMinutes(2))
                    .until(
                            () ->
                                    !process.isAlive()
                                            || (Files.exists(address) && Files.size(address) > 0));
            assertThat(process.isAlive()).describedAs(Files.readString(log)).isTrue();
            String url = Files.readString(address).strip();
            int port = Integer.parseInt(url.replaceAll(".*:([0-9]+)/.*", "$1"));
            return new Running(process, url, port);
        } catch (RuntimeException | AssertionError e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static void invoke(
            MBeanServerConnection server, String bean, String operation, String... words)
            throws Exception {
        String[] signature = new String[words.length];
        Arrays.fill(signature, String.class.getName());
        Object _ = server.invoke(new ObjectName(bean), operation, words, signature);
    }

    private static JMXConnector connect() throws IOException {
        return connect(daemon, installation.resolve("data"));
    }

    @SuppressWarnings("BanJNDI") // the address is of this test's own process
    private static JMXConnector connect(Running running, Path data) throws IOException {
        String password = Files.readString(data.resolve("first-admin-password")).strip();
        return JMXConnectorFactory.connect(
                new JMXServiceURL(running.url()),
                Map.of(JMXConnector.CREDENTIALS, new String[] {"admin", password}));
    }
}
