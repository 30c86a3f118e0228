package io.cairn.daemon.crash;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

import javax.management.ObjectName;

/** A daemon with a single backend, which is killed and started again. */
final class OneBackend implements AutoCloseable {
    static final String NAME = "one";

    /** In a virtual machine all takes long. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final Path folder;
    private final Path etc;
    private DaemonProcess daemon;

    /**
     * @param folder for all that the daemon has
     * @param settings of the backend
     */
    OneBackend(Path folder, String settings) throws IOException {
        this.folder = folder;
        this.etc = folder.resolve("etc");
        Path backends =
                Files.createDirectories(
                        etc.resolve("backends"),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.port=0\n");
        Files.writeString(backends.resolve(NAME + ".properties"), settings);
        daemon = start();
    }

    private DaemonProcess start() throws IOException {
        return DaemonProcess.start(etc, folder.resolve("data"), folder.resolve("output"));
    }

    /** A client's connection, once the backend is up and nothing is unfinished. */
    Management ready() throws Exception {
        daemon.awaitReady();
        Management management = new Management(daemon.connect(daemon.password()));
        ObjectName backend = Management.backend(NAME);
        await("a backend that is up, with nothing unfinished")
                .atMost(PATIENCE)
                .until(
                        () ->
                                management.text(backend, "State").equals("up")
                                        && management.number(Management.DAEMON, "UnfinishedCount")
                                                == 0);
        return management;
    }

    /** By SIGKILL. */
    void kill() {
        daemon.kill();
    }

    void startAgain() throws IOException {
        daemon = start();
    }

    /** What the daemon said last. */
    String tail() throws IOException {
        return daemon.tail();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
