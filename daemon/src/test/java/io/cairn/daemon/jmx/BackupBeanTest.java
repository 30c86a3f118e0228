package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.backup.RestoreCommand;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.volume.Volumes;
import io.cairn.plugin.file.FileDriverProvider;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

import javax.management.InstanceNotFoundException;
import javax.management.MBeanException;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** Backups of the state by the daemon's MBean, and what a check says after the way back. */
final class BackupBeanTest {
    @TempDir private Path folder;

    @Test
    void aBackupIsMadeListedAndTold() throws Exception {
        try (House house = House.in(folder, new FileDriverProvider())) {
            house.snapshot(house.volume("db1"), "one");
            assertThat(daemon(house, "BackupCount")).isEqualTo(0);
            assertThat(daemon(house, "LastBackupAgeMs")).isEqualTo(-1L);
            assertThat(daemon(house, "LastBackup")).isEqualTo("");

            String name = backUp(house);

            assertThat(name).matches("state-[0-9T-]+Z");
            assertThat(daemon(house, "BackupCount")).isEqualTo(1);
            assertThat((long) daemon(house, "LastBackupAgeMs")).isNotNegative();
            assertThat(daemon(house, "BackupProblem")).isEqualTo("");
            assertThat(daemon(house, "BackupRunning")).isEqualTo(false);
            CompositeData[] rows = (CompositeData[]) house.invoke(BeanNames.DAEMON, "listBackups");
            assertThat(rows).hasSize(1);
            assertThat(rows[0].get("name")).isEqualTo(name);
            assertThat(rows[0].get("volumeCount")).isEqualTo(1L);
            assertThat(rows[0].get("snapshotCount")).isEqualTo(1L);
            assertThat(rows[0].get("good")).isEqualTo(true);
            assertThat((String) house.invoke(BeanNames.DAEMON, "listBackupsText"))
                    .contains(name)
                    .endsWith("1 backup");
        }
    }

    @Test
    void whyThereIsNoneIsAnswered() throws Exception {
        Path backups = folder.resolve("backups");
        Files.createDirectories(backups);
        Files.setPosixFilePermissions(backups, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (House house = House.in(folder, new FileDriverProvider())) {
            assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, "backupState"))
                    .isInstanceOf(MBeanException.class)
                    .hasMessageStartingWith("UNAVAILABLE: no backup was made in " + backups)
                    .hasMessageContaining("chmod");
            assertThat((String) daemon(house, "BackupProblem")).contains("no backup was made in");
        }
    }

    @Test
    void afterARestoreACheckTellsOfWhatWasMadeSinceAndNothingIsDestroyed() throws Exception {
        String backup;
        try (House house = House.in(folder, new FileDriverProvider())) {
            house.snapshot(house.volume("db1"), "one");
            backup = backUp(house);
            ObjectName later = house.volume("later");
            house.snapshot(later, "since");
            house.snapshot(BeanNames.volume("fast", "db1"), "two");
        }
        int status =
                new RestoreCommand(
                                folder.resolve("state"),
                                folder.resolve("backups"),
                                SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema())),
                                Optional.empty(),
                                System.out,
                                System.err)
                        .run(List.of(backup));
        assertThat(status).isZero();

        try (House house = House.in(folder, new FileDriverProvider())) {
            assertThat(daemon(house, "VolumeCount")).isEqualTo(1L);
            assertThatThrownBy(() -> house.get(BeanNames.volume("fast", "later"), "Id"))
                    .isInstanceOf(InstanceNotFoundException.class);
            // All of it is still on the backend.
            assertThat(house.inventory().volumes()).hasSize(2);
            assertThat(house.inventory().snapshots()).hasSize(3);

            String found = (String) house.invoke(House.FAST, "checkBackend");

            assertThat(found).contains("orphaned").contains("later").contains("since");
            assertThat(house.get(House.FAST, "OrphanedCount")).isEqualTo(3L);
            assertThat(house.inventory().volumes()).hasSize(2);
            Object said = house.invoke(BeanNames.DAEMON, "rebuildState", "fast", "import");
            assertThat((String) said).contains("3 created");
            assertThat(daemon(house, "VolumeCount")).isEqualTo(2L);
            assertThat(daemon(house, "SnapshotCount")).isEqualTo(3L);
            Object _ = house.invoke(House.FAST, "checkBackend");
            assertThat(house.get(House.FAST, "DriftCount")).isEqualTo(0L);
        }
    }

    /** However long it takes. */
    private static String backUp(House house) throws Exception {
        Object _ = house.invoke(BeanNames.DAEMON, "backupState");
        Awaitility.await()
                .atMost(Duration.ofMinutes(2))
                .until(() -> daemon(house, "BackupRunning").equals(false));
        return (String) daemon(house, "LastBackup");
    }

    private static Object daemon(House house, String attribute) throws Exception {
        return house.get(BeanNames.DAEMON, attribute);
    }
}
