package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.tools.attach.VirtualMachine;

import io.cairn.daemon.access.Role;

import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** What JConsole sees when it is given a process instead of an address. */
final class LocalAttachIT {
    /** The process that is attached to. It ends when its standard input does. */
    static final class Attached {
        private Attached() {}

        public static void main(String[] arguments) throws Exception {
            System.setProperty(
                    CairnMBeanServerBuilder.PROPERTY, CairnMBeanServerBuilder.class.getName());
            try (House house =
                    new House(
                            ManagementFactory.getPlatformMBeanServer(),
                            Role.READER,
                            QueryLimits.DEFAULT,
                            10)) {
                System.out.println("ready " + house.server.getMBeanCount());
                int _ = System.in.read();
            }
        }
    }

    @Test
    @SuppressWarnings("BanJNDI") // the address is of this test's own process
    void localAttachSeesVolumesAndSnapshots() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx128m",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Attached.class.getName())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (BufferedReader output = process.inputReader()) {
            boolean ready = output.lines().anyMatch(line -> line.startsWith("ready"));
            assertThat(ready).isTrue();
            VirtualMachine machine = VirtualMachine.attach(Long.toString(process.pid()));
            String address;
            try {
                address = machine.startLocalManagementAgent();
            } finally {
                machine.detach();
            }
            try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(address))) {
                MBeanServerConnection remote = connector.getMBeanServerConnection();
                ObjectName volume = House.name("cairn:type=Volume,backend=fast,volume=many");
                ObjectName[] snapshots = (ObjectName[]) remote.getAttribute(volume, "Snapshots");
                assertThat(snapshots).hasSize(10);
                assertThat(remote.getAttribute(snapshots[0], "Volume")).isEqualTo(volume);
                assertThat(remote.queryNames(null, null)).contains(volume).contains(snapshots);
            }
        } finally {
            process.getOutputStream().close();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        }
    }
}
