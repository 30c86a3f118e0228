package io.cairn.daemon.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.cairn.daemon.store.SmallFileSystem;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;

/** What becomes of backups and of the state where the disk is full, on one that really is. */
final class FullDiskTest {
    @TempDir private Path temp;

    @SuppressWarnings("NullAway.Init") // mounted before each test
    private SmallFileSystem disk;

    @BeforeEach
    void mount() throws IOException {
        disk = SmallFileSystem.mount(temp.resolve("disk"), 24);
    }

    @AfterEach
    @SuppressWarnings("ConstantValue") // null where mounting is not allowed
    void unmount() throws IOException {
        if (disk != null) {
            disk.close();
        }
    }

    @Test
    void aDiskThatFillsDuringABackupHarmsNothing() throws Exception {
        Path state = disk.root().resolve("state");
        Path folder = disk.root().resolve("backups");
        int failed = 0;
        // Full before the first piece, before the second, and so on until there are no more.
        for (boolean more = true; more; ) {
            int full = failed + 1;
            AtomicInteger pieces = new AtomicInteger();
            try (Estate estate = new Estate(state)) {
                estate.cut(full * 100L, full * 100L + 50);
                Backups backups =
                        estate.backups(
                                folder,
                                7,
                                InstantSource.system(),
                                _ -> {
                                    if (pieces.incrementAndGet() == full) {
                                        disk.leave(0);
                                    }
                                });
                try {
                    Backup _ = Estate.make(backups);
                    more = false;
                    assertThat(pieces.get()).isLessThan(full);
                } catch (OperationException e) {
                    failed++;
                    assertThat(e.code()).isIn(Code.NO_SPACE, Code.UNAVAILABLE);
                    assertThat(Estate.names(folder)).isEmpty();
                    assertThat(backups.problem()).contains("no backup was made");
                    disk.makeRoom();
                }
                estate.cut(full * 100L + 50, full * 100L + 60);
                assertThat(estate.check()).hasSize(full * 60);
                assertThat(estate.store.health().fences()).isZero();
                assertThat(Estate.make(estate.backups(folder)).census().snapshots())
                        .isEqualTo(full * 60L);
            }
            Estate.delete(folder);
        }
        assertThat(failed).isGreaterThanOrEqualTo(5);
    }

    @Test
    void theReserveOfTheStoreIsLeftToIt() throws Exception {
        Path folder = disk.root().resolve("backups");
        StoreOptions options = new StoreOptions(4 << 20, 1 << 20, 4, Duration.ofMillis(20));
        try (Estate estate = new Estate(disk.root().resolve("state"), options)) {
            estate.cut(0, 50);
            Backups backups =
                    new Backups(
                            estate.store,
                            Estate.SCHEMA,
                            new BackupPolicy(folder, Duration.ZERO, 7, 4 << 20),
                            Estate.DAEMON);
            // Enough for new work, and not for a backup besides.
            disk.leave((4 << 20) + 100_000);

            OperationException e =
                    catchThrowableOfType(
                            OperationException.class,
                            () -> backups.make(Estate.LONG).orElseThrow());

            assertThat(e.code()).isEqualTo(Code.NO_SPACE);
            assertThat(e).hasMessageContaining("4194304 to spare");
            estate.cut(50);
            disk.makeRoom();
            assertThat(Estate.make(backups).census().snapshots()).isEqualTo(51);
        }
    }
}
