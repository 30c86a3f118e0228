package io.cairn.benchmark;

/** Where volumes lie in a benchmark. */
public enum Storage {
    /** The file driver on XFS, on a loop device. */
    XFS,
    /** The file driver on btrfs, on a loop device. */
    BTRFS,
    /** The btrfs driver, on a loop device. */
    SUBVOLUMES,
    /** The file driver in a folder of this machine, for want of root or mkfs. */
    FOLDER,
    /** A driver that keeps its volumes in memory, for what all drivers have in common. */
    MEMORY;

    /** What file system it is on, where one is made for it. */
    String fileSystem() {
        return switch (this) {
            case XFS -> "xfs";
            case BTRFS, SUBVOLUMES -> "btrfs";
            case FOLDER, MEMORY -> throw new IllegalStateException(this + " makes none");
        };
    }

    /** Whether a snapshot takes so long there that the machine's warming up is not seen. */
    boolean slow() {
        return this == SUBVOLUMES;
    }

    /** How the table calls it. */
    String label() {
        return switch (this) {
            case XFS -> "xfs";
            case BTRFS -> "btrfs";
            case SUBVOLUMES -> "subvolumes";
            case FOLDER -> "folder";
            case MEMORY -> "memory";
        };
    }
}
