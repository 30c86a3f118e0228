package io.cairn.daemon.store;

import org.jspecify.annotations.Nullable;

import java.io.Serial;

/**
 * HSQLDB did not write what it was given, so nothing it says can be trusted until it is reopened.
 */
final class EngineFault extends Exception {
    @Serial private static final long serialVersionUID = 1;

    EngineFault(String message) {
        this(message, null);
    }

    EngineFault(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
