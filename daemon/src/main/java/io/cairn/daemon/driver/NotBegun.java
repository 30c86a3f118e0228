package io.cairn.daemon.driver;

import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;

import java.io.Serial;

/**
 * Marks the failure of a call that the driver never learned of, so that it changed nothing: the
 * cause of a {@link DriverException} of the kind UNAVAILABLE, which a driver itself may throw too.
 */
public final class NotBegun extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final boolean busy;

    private NotBegun(boolean busy) {
        super("the driver was not asked", null, false, false);
        this.busy = busy;
    }

    /** The backend cannot be asked. */
    static DriverException unavailable(String message) {
        return new DriverException(Kind.UNAVAILABLE, message, new NotBegun(false));
    }

    /** The backend answers, and has too much to do. */
    static DriverException busy(String message) {
        return new DriverException(Kind.UNAVAILABLE, message, new NotBegun(true));
    }

    /** Whether a call failed before the driver learned of it. */
    public static boolean is(DriverException e) {
        return e.getCause() instanceof NotBegun;
    }

    /** Whether it did because the backend had too much to do. */
    public static boolean isBusy(DriverException e) {
        return e.getCause() instanceof NotBegun why && why.busy;
    }
}
