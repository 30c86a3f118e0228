package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import javax.management.ObjectName;

/** The logs of a daemon that is given secrets in every way there is, when they say all they can. */
@Timeout(300)
final class SecretsIT {
    private static final String SETTING = "setting-Wq3hJ8";
    private static final String FROM_FILE = "from-file-Zx7kP2";
    private static final String NO_NUMBER = "no-number-Lm5tR9";
    private static final String CHAP = "chap-Bv4nT6";
    private static final String USERS = "users-Gh2cY1-long";
    private static final String WRONG = "wrong-Nd8sQ5-long";
    private static final String VALUE = "value-Kf6xE3";
    private static final String PROPERTY = "property-Us9wA7";
    private static final Set<String> SECRETS =
            Set.of(SETTING, FROM_FILE, NO_NUMBER, CHAP, USERS, WRONG, VALUE, PROPERTY);

    @TempDir private Path folder;
    private Path etc;
    private Path backends;
    private Path data;

    @BeforeEach
    void configure() throws IOException {
        SecretiveDriver.install(folder.resolve("plugins"));
        etc = folder.resolve("etc");
        data = folder.resolve("data");
        backends = etc.resolve("backends");
        Files.createDirectories(
                backends,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(
                etc.resolve("cairn.properties"),
                "jmx.port=0\nplugins.folder=%s\n".formatted(folder.resolve("plugins")));
        Path shipped = Path.of(System.getProperty("cairn.dist"), "etc/logback.xml");
        Files.writeString(
                etc.resolve("logback.xml"),
                Files.readString(shipped).replace("<root level=\"INFO\">", "<root level=\"ALL\">"));
        Path key = Files.writeString(etc.resolve("key"), FROM_FILE);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        backend("safe", "0");
    }

    @Test
    void noSecretIsInALog() throws Exception {
        Path output = folder.resolve("output");
        Set<String> secrets = new HashSet<>(SECRETS);
        try (DaemonProcess daemon = DaemonProcess.start(etc, data, output)) {
            daemon.awaitReady();
            String first = daemon.password();
            secrets.add(first);
            addUser();
            assertThatThrownBy(() -> daemon.connect("alice", WRONG))
                    .isInstanceOf(SecurityException.class);
            await().ignoreExceptions().until(() -> logsIn(daemon));
            try (Management admin = new Management(daemon.connect(first))) {
                give(admin);
            }
            daemon.terminate();
            assertThat(daemon.endsWithin(Duration.ofMinutes(1))).isTrue();
        }

        Path log = data.resolve("log");
        assertThat(log.resolve("cairn.log")).content().contains(" DEBUG ", "safe");
        assertThat(log.resolve("audit.log"))
                .content()
                .contains("putValue", "connectionInfo", "importState", "alice", "***");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log)))
                .isEqualTo("rwx------");
        List<Path> all = new ArrayList<>(List.of(output));
        try (Stream<Path> files = Files.list(log)) {
            files.forEach(all::add);
        }
        assertThat(all).allSatisfy(file -> assertThat(file).content().doesNotContain(secrets));
    }

    /** Has the daemon do all that a secret is part of, and see that it has them. */
    private void give(Management admin) throws Exception {
        ObjectName safe = Management.backend("safe");
        assertThat(admin.text(safe, "State")).isEqualTo("up");
        assertThat(admin.text(safe, "Settings")).contains("password=***", "key=***");
        admin.invoke(safe, "createVolume", "db1", "1MiB");
        ObjectName connection =
                new ObjectName(
                        admin.invoke(
                                Management.volume("safe", "db1"),
                                "connect",
                                "web1",
                                "initiator=iqn.2026-01.test:web1,protocol="
                                        + SecretiveDriver.PROTOCOL));
        assertThat(admin.invoke(connection, "connectionInfo")).contains(CHAP);
        assertThat(admin.text(connection, "Info")).contains("***");

        admin.invoke(Management.DAEMON, "putValue", "token-of-x", VALUE);
        assertThatThrownBy(
                        () -> admin.invoke(Management.DAEMON, "putValue", "no key at all", VALUE))
                .hasMessageContaining("INVALID");
        assertThatThrownBy(
                        () ->
                                admin.invoke(
                                        safe,
                                        "createVolumeWith",
                                        "db2",
                                        "1MiB",
                                        "chap.password=" + PROPERTY))
                .hasMessageContaining("INVALID");

        String state = admin.invoke(Management.DAEMON, "exportStateWithSecrets", "");
        assertThat(state).contains(CHAP, VALUE);
        admin.invoke(Management.DAEMON, "importState", state, "import");
        admin.invoke(Management.DAEMON, "exportStateWithSecretsTo", "", "all.json");
        admin.invoke(Management.DAEMON, "importStateFrom", "all.json", "dry-run");

        backend("worse", NO_NUMBER);
        assertThatThrownBy(() -> admin.invoke(Management.DAEMON, "openBackend", "worse"))
                .hasMessageContaining("pin");
    }

    private void backend(String name, String pin) throws IOException {
        Files.writeString(
                backends.resolve(name + ".properties"),
                """
                driver=secretive
                password=%s
                key.file=%s
                pin=%s
                chap=%s
                """
                        .formatted(SETTING, etc.resolve("key"), pin, CHAP));
    }

    private void addUser() throws Exception {
        Path typed = Files.writeString(folder.resolve("typed"), USERS + "\n");
        Path said = folder.resolve("said");
        List<String> command =
                List.of(
                        Path.of(System.getProperty("cairn.dist"), "bin/cairnd").toString(),
                        "user",
                        "--etc",
                        etc.toString(),
                        "--data",
                        data.toString(),
                        "add",
                        "alice",
                        "operator",
                        "--password-stdin");
        Process process =
                new ProcessBuilder(command)
                        .redirectInput(typed.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start();
        assertThat(process.waitFor()).describedAs(Files.readString(said)).isZero();
        assertThat(said).content().doesNotContain(USERS);
    }

    private static boolean logsIn(DaemonProcess daemon) throws IOException {
        daemon.connect("alice", USERS).close();
        return true;
    }
}
