package io.cairn.spi;

/**
 * The entry point of a plugin, found by {@link java.util.ServiceLoader}; it has a public
 * constructor without parameters. One provider serves every backend that names its driver, and its
 * methods may be called from several threads at once.
 *
 * <p>The jar's manifest carries {@code Cairn-Spi-Version}, the {@link #SPI_VERSION} it was built
 * against. The daemon refuses a plugin with another one, by a line that names both.
 */
public interface DriverProvider {
    /** Counts the incompatible changes of this package. */
    int SPI_VERSION = 1;

    /**
     * The word for this driver in a backend's {@code driver} setting: lower-case letters, digits,
     * dashes.
     */
    String name();

    /** What the driver is and which settings it reads; the same at every call. */
    DriverInfo info();

    /**
     * Connects to a backend and checks that it can be used: that what the driver needs is
     * installed, allowed and there. Changes nothing on the backend but leaving {@code self} on
     * storage that bears nobody's identity yet, and not even that if {@link BackendIdentity#used}.
     *
     * @throws DriverException if the backend cannot be used, with INVALID for a wrong setting,
     *     CONFLICT for storage of another daemon, UNSUPPORTED for a missing tool, library, kernel
     *     feature or permission (and what to install), UNAVAILABLE if it may work later, or for
     *     nobody's storage where used storage was meant
     */
    Driver open(BackendIdentity self, Settings settings)
            throws DriverException, InterruptedException;
}
