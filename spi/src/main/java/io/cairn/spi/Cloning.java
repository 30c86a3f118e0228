package io.cairn.spi;

/** Volumes made from volumes. */
public interface Cloning {
    /**
     * Makes a volume with the content that another has at one instant of the call, and zeroes after
     * it where it is larger. The two are independent from then on. Asked again for the same, it
     * returns what is there and copies nothing.
     *
     * @param source a volume, attached or not
     * @throws DriverException NOT_FOUND if there is no source; INVALID if the volume would be
     *     smaller than it; CONFLICT if the id exists otherwise; UNSUPPORTED if it is in use and
     *     cannot be had at one instant; NO_SPACE
     */
    BackendVolume cloneVolume(VolumeSpec spec, VolumeId source)
            throws DriverException, InterruptedException;
}
