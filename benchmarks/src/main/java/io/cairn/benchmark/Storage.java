package io.cairn.benchmark;

import java.util.Optional;

/** Where volumes lie in a benchmark. */
public enum Storage {
    /** The file driver on XFS, on a loop device. */
    XFS,
    /** The file driver on btrfs, on a loop device. */
    BTRFS,
    /** The btrfs driver, on a loop device. */
    SUBVOLUMES,
    /** The qcow2 driver on ext4, on a loop device. */
    CHAINS,
    /** The file driver in a folder of this machine, for want of root or mkfs. */
    FOLDER,
    /** A driver that keeps its volumes in memory, for what all drivers have in common. */
    MEMORY;

    /** What file system it is on, where one is made for it. */
    String fileSystem() {
        return switch (this) {
            case XFS -> "xfs";
            case BTRFS, SUBVOLUMES -> "btrfs";
            case CHAINS -> "ext4";
            case FOLDER, MEMORY -> throw new IllegalStateException(this + " makes none");
        };
    }

    /** Whether a snapshot takes so long there that the machine's warming up is not seen. */
    boolean slow() {
        return tool().isPresent();
    }

    /** What a script would run instead, where it would run a tool for each snapshot. */
    Optional<String> tool() {
        return switch (this) {
            case SUBVOLUMES -> Optional.of("btrfs");
            case CHAINS -> Optional.of("qemu-img");
            case XFS, BTRFS, FOLDER, MEMORY -> Optional.empty();
        };
    }

    /** Which driver it is of. */
    String driver() {
        return switch (this) {
            case XFS, BTRFS, FOLDER -> "file";
            case SUBVOLUMES -> "btrfs";
            case CHAINS -> "qcow2";
            case MEMORY -> "memory";
        };
    }

    /** How the table calls it. */
    String label() {
        return switch (this) {
            case XFS -> "xfs";
            case BTRFS -> "btrfs";
            case SUBVOLUMES -> "subvolumes";
            case CHAINS -> "chains";
            case FOLDER -> "folder";
            case MEMORY -> "memory";
        };
    }
}
