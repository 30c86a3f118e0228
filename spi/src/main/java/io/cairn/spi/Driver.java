package io.cairn.spi;

import java.util.List;
import java.util.Optional;

/**
 * One open backend.
 *
 * <p>These guarantees bind every implementation, and the TCK checks them:
 *
 * <ol>
 *   <li><b>Threads.</b> The daemon never makes two calls at once for one volume and its snapshots;
 *       a call that makes a volume from a snapshot counts for both volumes. Calls for different
 *       volumes, {@link #inventory} and {@link #pools} come at once from many platform threads.
 *   <li><b>Blocking.</b> A call may block. An interrupt asks it to stop: it leaves by {@link
 *       InterruptedException} as soon as it safely can, and its outcome is then unknown.
 *   <li><b>Durability.</b> When a call returns, what it did survives the loss of power.
 *   <li><b>Wholeness.</b> A look-up or inventory shows an object entirely made or not at all, even
 *       after the process was killed in the middle of a call.
 *   <li><b>Repeats.</b> The daemon chooses every id, records it before the call, and repeats a call
 *       whose outcome it does not know, with the same mark. Creating what exists as asked returns
 *       it unchanged; above all a snapshot is not cut a second time. Creating it with another size,
 *       pool, volume, source or mark is CONFLICT, for it is another object; only a mark that the
 *       storage lost, and that is found as {@link Mark#NONE}, conflicts with none. Deleting what is
 *       absent succeeds.
 *   <li><b>No rubbish.</b> What a killed or failed call left half made is finished or removed by
 *       the repeat of that call, and removed by deleting the object it was to become.
 *   <li><b>Names.</b> Names on the backend derive from ids. A driver keeps no state of its own, and
 *       no cache that a second process could falsify.
 *   <li><b>Secrecy.</b> New space reads as zeroes. What a deleted volume held is never readable in
 *       a new one.
 *   <li><b>The instant.</b> A snapshot holds what was written and acknowledged before the call and
 *       nothing written after it returned, as of one instant in between. A driver that cannot do
 *       this for a volume in use fails with UNSUPPORTED before it touches anything.
 *   <li><b>Cost.</b> {@link BackendFacts#snapshotCost} says what cutting a snapshot grows with. It
 *       does not grow with the number of volumes and snapshots.
 *   <li><b>Errors.</b> A call fails by {@link DriverException}, whose kind is the truth about the
 *       outcome. Any RuntimeException is a bug of the driver, and its outcome unknown.
 *   <li><b>Capabilities.</b> What only some backends can do is an accessor that returns an {@code
 *       Optional} of a small interface, known from the moment the driver is open; no method throws
 *       to say that it is not there.
 * </ol>
 */
public interface Driver extends AutoCloseable {
    /** What holds for this backend as long as it is open. Never blocks. */
    BackendFacts facts();

    /**
     * Makes a volume that reads as zeroes.
     *
     * @throws DriverException INVALID if the pool is not one of {@link #pools} or the size cannot
     *     be had exactly; CONFLICT if the id exists otherwise; NO_SPACE
     */
    BackendVolume createVolume(VolumeSpec spec) throws DriverException, InterruptedException;

    /**
     * Deletes a volume, and whatever a killed call left of it.
     *
     * @throws DriverException IN_USE while it has snapshots, or is attached, exported or open
     *     somewhere
     */
    void deleteVolume(VolumeId id) throws DriverException, InterruptedException;

    /**
     * Cuts a snapshot that later changes of the volume do not change; returns once it is cut and
     * durable.
     *
     * @throws DriverException NOT_FOUND if the volume does not exist; CONFLICT if the id is a
     *     snapshot of another volume; NO_SPACE
     */
    BackendSnapshot createSnapshot(SnapshotSpec spec) throws DriverException, InterruptedException;

    /**
     * Deletes a snapshot, and whatever a killed call left of it. Volumes made from it live on.
     *
     * @throws DriverException IN_USE while it is attached or exported
     */
    void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException;

    /**
     * Makes a volume with the content of a snapshot, and zeroes after it where it is larger. It is
     * independent of its source from then on: either can be written, reverted and deleted.
     *
     * @param source a snapshot of {@code sourceVolume}
     * @throws DriverException NOT_FOUND if the snapshot does not exist; INVALID if the volume would
     *     be smaller than the snapshot, or as in {@link #createVolume}; CONFLICT if the id exists
     *     otherwise; NO_SPACE
     */
    BackendVolume createFromSnapshot(VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws DriverException, InterruptedException;

    /**
     * Replaces the mark of a volume, as when it was renamed. The repeat does no harm.
     *
     * @throws DriverException NOT_FOUND
     */
    void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException;

    /**
     * Replaces the mark of a snapshot.
     *
     * @throws DriverException NOT_FOUND
     */
    void markSnapshot(SnapshotId id, VolumeId volume, Mark mark)
            throws DriverException, InterruptedException;

    /** Looks one volume up, at a cost that does not grow with how many there are. */
    Optional<BackendVolume> findVolume(VolumeId id) throws DriverException, InterruptedException;

    /** Looks one snapshot up, as cheaply. Settles what became of an interrupted cut. */
    Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException;

    /**
     * Tells of everything of Cairn's on this backend, whether or not the daemon still knows of it,
     * each once and in no order. What comes, goes or changes meanwhile may be told of as it was or
     * as it is, or not. There may be a million: nothing is kept that grows with them where the
     * storage allows. What is damaged keeps nothing else from being told.
     */
    void inventory(InventoryVisitor visitor) throws DriverException, InterruptedException;

    /**
     * The same all at once, as far as it fits in memory.
     *
     * @throws DriverException FAULT if something cannot be read
     */
    default Inventory inventory() throws DriverException, InterruptedException {
        return Inventory.of(this);
    }

    /** The backend's pools, at least one, the first being where a volume goes by default. */
    List<PoolStats> pools() throws DriverException, InterruptedException;

    /** Whether and how volumes grow here. */
    default Optional<Growing> growing() {
        return Optional.empty();
    }

    /** Whether and how volumes are made from volumes here. */
    default Optional<Cloning> cloning() {
        return Optional.empty();
    }

    /** Whether and how volumes go back to their snapshots here. */
    default Optional<Reverting> reverting() {
        return Optional.empty();
    }

    /** Whether and how targets become block devices of this host. */
    default Optional<Attaching> attaching() {
        return Optional.empty();
    }

    /** Whether and how targets are offered over the network. */
    default Optional<Exporting> exporting() {
        return Optional.empty();
    }

    /** Whether and how what is not Cairn's becomes so. */
    default Optional<Adopting> adopting() {
        return Optional.empty();
    }

    /** Whether and how this backend becomes another daemon's. */
    default Optional<Handing> handing() {
        return Optional.empty();
    }

    /** Whether and how it is known what deleting a snapshot would free here. */
    default Optional<Measuring> measuring() {
        return Optional.empty();
    }

    /** Whether there is work that goes on after calls have returned here. */
    default Optional<Background> background() {
        return Optional.empty();
    }

    /** Whether and how more is known of volumes and snapshots here. */
    default Optional<Inspecting> inspecting() {
        return Optional.empty();
    }

    /** Whether and how it is known where snapshots differ here. */
    default Optional<Differing> differing() {
        return Optional.empty();
    }

    /**
     * Lets go of the backend. Called once, when no call is running; later calls are a daemon's bug.
     */
    @Override
    void close();
}
