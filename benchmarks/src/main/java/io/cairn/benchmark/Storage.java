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
    /** The LVM driver, on a {@link ThinGroup}; the state on ext4 beside its pools. */
    THIN,
    /** The RBD driver, in the pool of a {@link Ceph}; the state on ext4, on a loop device. */
    IMAGES,
    /** The file driver in a folder of this machine, for want of root or mkfs. */
    FOLDER,
    /** A driver that keeps its volumes in memory, for what all drivers have in common. */
    MEMORY;

    /** What file system it is on, where one is made for it. */
    String fileSystem() {
        return switch (this) {
            case XFS -> "xfs";
            case BTRFS, SUBVOLUMES -> "btrfs";
            case CHAINS, THIN, IMAGES -> "ext4";
            case FOLDER, MEMORY -> throw new IllegalStateException(this + " makes none");
        };
    }

    /** Whether the location of a volume is a file with its bytes as they are. */
    boolean holdsFiles() {
        return switch (this) {
            case XFS, BTRFS, SUBVOLUMES, FOLDER -> true;
            case CHAINS, THIN, IMAGES, MEMORY -> false;
        };
    }

    /** About how long a snapshot takes there. */
    Pace pace() {
        return switch (this) {
            case XFS, BTRFS, FOLDER, MEMORY -> Pace.MICROSECONDS;
            case SUBVOLUMES, CHAINS, IMAGES -> Pace.MILLISECONDS;
            case THIN -> Pace.TENTHS;
        };
    }

    /** What a script would run instead, where it would run a tool for each snapshot. */
    Optional<String> tool() {
        return switch (this) {
            case SUBVOLUMES -> Optional.of("btrfs");
            case CHAINS -> Optional.of("qemu-img");
            case THIN -> Optional.of("lvcreate");
            case IMAGES -> Optional.of(Ceph.TOOL);
            case XFS, BTRFS, FOLDER, MEMORY -> Optional.empty();
        };
    }

    /** Which driver it is of. */
    String driver() {
        return switch (this) {
            case XFS, BTRFS, FOLDER -> "file";
            case SUBVOLUMES -> "btrfs";
            case CHAINS -> "qcow2";
            case THIN -> "lvm";
            case IMAGES -> "rbd";
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
            case THIN -> "thin";
            case IMAGES -> "images";
            case FOLDER -> "folder";
            case MEMORY -> "memory";
        };
    }
}
