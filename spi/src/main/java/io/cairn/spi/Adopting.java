package io.cairn.spi;

import java.util.List;

/** What lies on a backend without being Cairn's, and how it becomes Cairn's and stops being so. */
public interface Adopting {
    /** What is there, in the order of its paths. */
    List<Unmanaged> unmanaged() throws DriverException, InterruptedException;

    /**
     * Takes something over as a volume, without a copy and with its content untouched. Asked again
     * for the same id, it returns the volume that is there.
     *
     * @param path one of {@link #unmanaged}
     * @param mark kept beside the volume from now on
     * @throws DriverException NOT_FOUND if nothing is there; INVALID if the path is none that could
     *     be; IN_USE while anybody has it open for writing; UNSUPPORTED if it cannot be adopted;
     *     CONFLICT if the id exists otherwise
     */
    BackendVolume adopt(String path, VolumeId id, Mark mark)
            throws DriverException, InterruptedException;

    /**
     * Gives a volume up, its content untouched and nothing of Cairn's left at it. Asked again, it
     * returns the same.
     *
     * @param name what the path should remind of; a name as of a pool
     * @return where it is now, as in {@link #unmanaged}
     * @throws DriverException IN_USE while it has snapshots or is open somewhere; NOT_FOUND if
     *     neither the volume nor what became of it is there
     */
    String release(VolumeId id, String name) throws DriverException, InterruptedException;
}
