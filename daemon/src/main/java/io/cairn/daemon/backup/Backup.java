package io.cairn.daemon.backup;

import io.cairn.daemon.volume.Census;

import java.time.Instant;

/**
 * A backup that is in the folder.
 *
 * @param name its folder's
 * @param sequence larger than that of every one before; 0 if that cannot be read
 * @param at the instant of which it is, by the clock of then
 * @param bytes what its files take
 * @param census what the state had then
 * @param problem why it cannot be relied on; empty if it can
 */
public record Backup(
        String name, long sequence, Instant at, long bytes, Census census, String problem) {
    public boolean good() {
        return problem.isEmpty();
    }

    Backup damaged(String why) {
        return new Backup(name, sequence, at, bytes, census, why);
    }
}
