package io.cairn.spi;

/** Volumes that become again what they were. */
public interface Reverting {
    /**
     * Gives a volume the content of one of its snapshots again, whichever; all its snapshots stay.
     * The volume keeps its size and its mark, and reads as zeroes after the end of the snapshot. A
     * killed call leaves the old content whole or the new one.
     *
     * @throws DriverException NOT_FOUND if either is not there; IN_USE if the volume is open
     *     somewhere; NO_SPACE
     */
    BackendVolume revert(VolumeId id, SnapshotId snapshot)
            throws DriverException, InterruptedException;
}
