package io.cairn.plugin.file;

import static io.cairn.plugin.file.Opened.MIB;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/** What works for a user who is not root. */
final class UnprivilegedTest {
    private static final int NOBODY = 65534;

    @Test
    void aSnapshotIsMarkedAndStaysProtected(@TempDir Path temporary) throws Throwable {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root can become another");
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx--x--x"));
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        Files.setAttribute(folder, "unix:uid", NOBODY);
        become(NOBODY);
        try (Driver driver = Opened.open(folder, Map.of())) {
            BackendVolume volume = Opened.volume(driver, MIB);
            BackendSnapshot snapshot =
                    driver.createSnapshot(
                            new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE));
            Mark mark = new Mark("renamed");
            Path file = Path.of(snapshot.location());
            driver.markSnapshot(snapshot.id(), volume.id(), mark);
            assertThat(driver.findSnapshot(snapshot.id(), volume.id()).orElseThrow().mark())
                    .isEqualTo(mark);
            assertThat(Files.getPosixFilePermissions(file))
                    .isEqualTo(PosixFilePermissions.fromString("r--------"));
            // As a call leaves it that is killed before it protects the file again.
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            driver.markSnapshot(snapshot.id(), volume.id(), mark);
            assertThat(Files.getPosixFilePermissions(file))
                    .isEqualTo(PosixFilePermissions.fromString("r--------"));
        } finally {
            become(0);
        }
    }

    /** Only this thread, and only for files: setfsuid(2). */
    @SuppressWarnings("restricted") // there is no such call in the JDK
    private static void become(int user) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle setfsuid =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("setfsuid"),
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        int _ = (int) setfsuid.invokeExact(user);
    }
}
