package io.cairn.daemon.backup;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where backups lie and how many there are.
 *
 * @param folder made with the first
 * @param every how long after a backup the next one is made; zero if only when asked for
 * @param keep so many good ones stay, at least 1
 * @param reserveBytes free space beside them that none may take
 */
public record BackupPolicy(Path folder, Duration every, int keep, long reserveBytes) {
    public BackupPolicy {
        if (every.isNegative() || keep < 1 || reserveBytes < 0) {
            throw new IllegalArgumentException(
                    "a backup every %s, %d kept, with %d bytes to spare"
                            .formatted(every, keep, reserveBytes));
        }
    }
}
