package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.backup.Backup;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.jmx.Rows.BackupRow;
import io.cairn.daemon.volume.OperationException;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Backups of the daemon's state. Safe for many threads. */
class DaemonBackups extends DaemonHost {
    /** Zabbix waits for no answer for longer than three seconds. */
    private static final Duration PATIENCE = Duration.ofMillis(2_500);

    private final Backups backups;

    DaemonBackups(Sources sources) {
        super(sources.volumes().connections());
        this.backups = sources.backups();
    }

    @Shown("How many verified backups of the state there are; listBackups looks anew")
    int backupCount() {
        return backups.count();
    }

    @Shown("Whether a backup of the state is being made")
    boolean backupRunning() {
        return backups.running();
    }

    @Shown("The name of the newest verified backup of the state; empty if there is none")
    String lastBackup() {
        return backups.last().map(Backup::name).orElse("");
    }

    @Shown(
            value =
                    "How old the newest verified backup of the state is, in milliseconds; -1 if there is none",
            unit = Unit.MILLISECONDS)
    long lastBackupAgeMs() {
        return backups.lastAgeMillis().orElse(-1);
    }

    @Shown(
            "Why the last attempt to back up the state failed, and which backups are damaged; empty if all is well")
    String backupProblem() {
        return backups.problem();
    }

    @WriteOperation(
            value =
                    "Copies the state as it is at an instant after the call to a folder of its own in backup.folder, while work goes on, and verifies the copy by opening it; returns its name, or says that it goes on where it takes longer than 2.5 s",
            role = Role.ADMIN)
    String backupState() throws OperationException, InterruptedException {
        Optional<Backup> made = backups.make(PATIENCE);
        return made.isPresent()
                ? made.get().name()
                : "the backup goes on: BackupRunning says when it is done, LastBackup which it is, and BackupProblem why there is none";
    }

    @ReadOperation(
            "The backups of the state, the newest first, the damaged ones included, 1000 at most; restore-state of cairnd takes one back")
    List<BackupRow> listBackups() throws OperationException {
        return backups.list().stream().limit(Requests.MAX_LIMIT).map(DaemonBackups::row).toList();
    }

    @ReadOperation("The same as a table in plain text")
    String listBackupsText() throws OperationException {
        List<BackupRow> rows = listBackups();
        TextTable table = new TextTable("NAME", "AT", "SIZE", "VOLUMES", "SNAPSHOTS", "PROBLEM");
        for (BackupRow row : rows) {
            table.add(
                    row.name(),
                    row.at(),
                    PoolBean.rounded(row.sizeBytes()),
                    row.volumeCount(),
                    row.snapshotCount(),
                    row.problem());
        }
        return table.with(Texts.number(rows.size(), "backup"));
    }

    private static BackupRow row(Backup backup) {
        return new BackupRow(
                backup.name(),
                backup.sequence(),
                Texts.millis(backup.at()),
                backup.bytes(),
                backup.census().volumes(),
                backup.census().snapshots(),
                backup.good(),
                backup.problem());
    }
}
