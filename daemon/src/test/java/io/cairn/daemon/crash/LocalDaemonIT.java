package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.TreeSet;

import javax.management.JMException;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** The daemon as users have it, seen by who attaches to its process and gives no password. */
@Timeout(300)
final class LocalDaemonIT {
    private static final ObjectName BACKEND = Management.backend("files");
    private static final ObjectName VOLUME = Management.volume("files", "db1");
    private static final ObjectName SNAPSHOT = Management.snapshot("files", "db1", "monday");

    @TempDir private Path folder;

    @BeforeEach
    void configure() throws IOException {
        Path images = Files.createDirectory(folder.resolve("images"));
        Path backends =
                Files.createDirectories(
                        folder.resolve("etc/backends"),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
        Files.writeString(
                backends.resolve("files.properties"), "driver=file\ndirectory=" + images + "\n");
    }

    @Test
    void readerIsTheRoleUnlessSaidOtherwise() throws Exception {
        try (DaemonProcess daemon = start("");
                JMXConnector remote = daemon.connect(daemon.password());
                JMXConnector local = attach(daemon)) {
            Management admin = make(daemon);
            Management attached = new Management(local);

            assertThat(names(local)).isEqualTo(names(remote)).contains(VOLUME, SNAPSHOT);
            for (String attribute : new String[] {"Id", "CreatedAt", "State"}) {
                assertThat(attached.get(VOLUME, attribute)).isEqualTo(admin.get(VOLUME, attribute));
                assertThat(attached.get(SNAPSHOT, attribute))
                        .isEqualTo(admin.get(SNAPSHOT, attribute));
            }
            assertThat((ObjectName[]) attached.get(VOLUME, "Snapshots")).containsExactly(SNAPSHOT);
            assertThat(attached.rows("listSnapshots")).hasSize(1);

            assertRefused(() -> attached.invoke(BACKEND, "createVolume", "db2", "1MiB"));
            assertRefused(() -> attached.invoke(VOLUME, "createSnapshot", "tuesday"));
            assertRefused(() -> attached.invoke(SNAPSHOT, "delete", "monday"));
            assertRefused(() -> attached.invoke(Management.DAEMON, "getValue", "any"));
            assertThat(names(remote)).isEqualTo(names(local)).contains(VOLUME, SNAPSHOT);
            assertThat(folder.resolve("data/log/audit.log"))
                    .content()
                    .contains("in-process")
                    .contains("tuesday");
            admin.close();
        }
    }

    @Test
    void anOperatorMayWorkAndIsNoAdministrator() throws Exception {
        try (DaemonProcess daemon = start("jmx.inProcessRole=operator\n");
                JMXConnector local = attach(daemon)) {
            Management attached = make(daemon, local);

            attached.invoke(VOLUME, "createSnapshot", "tuesday");

            assertThat(names(local)).contains(Management.snapshot("files", "db1", "tuesday"));
            assertRefused(
                    () -> attached.invoke(Management.DAEMON, "closeBackend", "files", "files"));
            assertThat(attached.text(BACKEND, "State")).isEqualTo("up");
        }
    }

    private interface Call {
        Object call() throws Exception;
    }

    private static void assertRefused(Call call) {
        assertThatThrownBy(call::call)
                .isInstanceOf(SecurityException.class)
                .hasMessageContaining("DENIED");
    }

    private DaemonProcess start(String settings) throws IOException {
        Files.writeString(folder.resolve("etc/cairn.properties"), "jmx.port=0\n" + settings);
        DaemonProcess daemon =
                DaemonProcess.start(
                        folder.resolve("etc"), folder.resolve("data"), folder.resolve("output"));
        try {
            daemon.awaitReady();
            return daemon;
        } catch (IOException | RuntimeException | AssertionError e) {
            daemon.close();
            throw e;
        }
    }

    /** Makes the volume and its snapshot through the connector. */
    private static Management make(DaemonProcess daemon) throws JMException, IOException {
        Management admin = new Management(daemon.connect(daemon.password()));
        admin.invoke(BACKEND, "createVolume", "db1", "1MiB");
        admin.invoke(VOLUME, "createSnapshot", "monday");
        return admin;
    }

    private static Management make(DaemonProcess daemon, JMXConnector local)
            throws JMException, IOException {
        make(daemon).close();
        return new Management(local);
    }

    @SuppressWarnings("BanJNDI") // the address is of this test's own child
    private static JMXConnector attach(DaemonProcess daemon)
            throws AttachNotSupportedException, IOException {
        VirtualMachine machine = VirtualMachine.attach(Long.toString(daemon.pid()));
        String address;
        try {
            address = machine.startLocalManagementAgent();
        } finally {
            machine.detach();
        }
        return JMXConnectorFactory.connect(new JMXServiceURL(address));
    }

    private static Set<ObjectName> names(JMXConnector connector) throws JMException, IOException {
        return new TreeSet<>(
                connector.getMBeanServerConnection().queryNames(new ObjectName("cairn:*"), null));
    }
}
