package io.cairn.spi;

/** Snapshots of which it is known, before they are deleted, how much space that would free. */
public interface Measuring {
    /**
     * The bytes that the pool would have back if the snapshot were deleted now: what it holds and
     * nothing else does, neither its volume, nor another snapshot, nor a volume made from one. What
     * two snapshots share counts for neither of them until the other is deleted, so that the
     * numbers of several cannot be added up.
     *
     * <p>It is an estimate. Whatever is written, cut and deleted meanwhile changes it, and what was
     * written or deleted a moment ago may not be in it yet. It leaves out what the storage keeps
     * for itself, and may be wrong where the storage cannot count better; the driver says where.
     *
     * <p>Nothing is changed, not even the use of what is attached or exported, and no content is
     * read. The time may grow with how many pieces the snapshot lies in.
     *
     * @return zero or more; that it is zero does not mean that it cannot be deleted, nor that it is
     *     more that it can be
     * @throws DriverException NOT_FOUND if the volume has no such snapshot
     */
    long freedByDeleting(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException;
}
