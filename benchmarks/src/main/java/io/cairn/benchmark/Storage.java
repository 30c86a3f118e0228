package io.cairn.benchmark;

/** Where volumes lie in a benchmark. */
public enum Storage {
    /** The file driver on XFS, on a loop device. */
    XFS,
    /** The file driver on btrfs, on a loop device. */
    BTRFS,
    /** The file driver in a folder of this machine, for want of root or mkfs. */
    FOLDER,
    /** A driver that keeps its volumes in memory, for what all drivers have in common. */
    MEMORY;

    /** How the table calls it. */
    String label() {
        return switch (this) {
            case XFS -> "xfs";
            case BTRFS -> "btrfs";
            case FOLDER -> "folder";
            case MEMORY -> "memory";
        };
    }
}
