package io.cairn.daemon.driver;

import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;

/** One call of a driver's method, made on the backend's lane. */
@FunctionalInterface
public interface DriverCall<T> {
    T on(Driver driver) throws DriverException, InterruptedException;
}
