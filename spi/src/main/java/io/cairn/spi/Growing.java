package io.cairn.spi;

/** Volumes that become larger. */
public interface Growing {
    /**
     * Makes a volume larger, and with it the device that it is attached by on this host. What is
     * there stays; the new space reads as zeroes. A volume that has the size is returned as it is.
     *
     * @param sizeBytes its new exact size
     * @throws DriverException NOT_FOUND; INVALID if it is larger than that, or the size cannot be
     *     had exactly; IN_USE if it cannot grow as it is used now; NO_SPACE
     */
    BackendVolume grow(VolumeId id, long sizeBytes) throws DriverException, InterruptedException;
}
