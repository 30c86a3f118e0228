package io.cairn.spi;

/** How a backend with all that it holds becomes another daemon's. */
public interface Handing {
    /**
     * Leaves another identity on the storage, in place of the one that it was opened with. Whoever
     * opens it from then on must be the new one; the former is refused with {@link
     * DriverException.Kind#CONFLICT}. Nothing else is changed, and this driver goes on until it is
     * closed, which its daemon does next. Asked again for the same, it changes nothing.
     *
     * @param to whose it is from now on
     */
    void handOver(BackendIdentity to) throws DriverException, InterruptedException;
}
