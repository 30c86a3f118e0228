package io.cairn.daemon.driver;

import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;

/** A {@link DriverCall} that returns nothing. */
@FunctionalInterface
public interface DriverAction {
    void on(Driver driver) throws DriverException, InterruptedException;
}
