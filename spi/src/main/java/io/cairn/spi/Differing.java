package io.cairn.spi;

import java.util.List;
import java.util.Optional;

/** Snapshots of which it is known where they differ, as whoever copies only changes must know. */
public interface Differing {
    /**
     * Where a snapshot may hold something else than another one of its volume. Every byte that
     * differs is in a range; one in a range may be the same, for storage counts in blocks, and
     * knows what was written rather than what it was. What a snapshot has beyond the end of a
     * smaller one is compared with zeroes.
     *
     * <p>No content is read, and nothing is changed. The time may grow with how many pieces the
     * snapshots lie in, for each call anew.
     *
     * @param base the other snapshot, older or newer; empty for where the snapshot may hold
     *     anything but zeroes
     * @param fromByte nothing before it is told: the end of the last range that was
     * @param most how many ranges at most, above zero; fewer are returned only if there are no more
     * @return in their order, none empty, none beginning where another ends, all within the
     *     snapshot's size
     * @throws DriverException NOT_FOUND if the volume has no such snapshot, or not the other one
     */
    List<ChangedRange> changed(
            VolumeId volume,
            SnapshotId snapshot,
            Optional<SnapshotId> base,
            long fromByte,
            int most)
            throws DriverException, InterruptedException;
}
