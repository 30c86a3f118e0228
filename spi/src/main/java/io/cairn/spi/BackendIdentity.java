package io.cairn.spi;

import java.util.UUID;

/**
 * Whose backend this is. A driver leaves the daemon and the name on the storage when it first opens
 * it and refuses, with {@link DriverException.Kind#CONFLICT}, storage that bears another daemon's.
 *
 * @param daemon the daemon's lasting identity, the same after every restart
 * @param backend the backend's configured name
 * @param used whether the daemon has made volumes on this backend before. Storage that bears
 *     nobody's identity is then not the storage that was meant, such as the folder below a file
 *     system that is not mounted: a driver refuses it, with {@link
 *     DriverException.Kind#UNAVAILABLE}
 */
public record BackendIdentity(UUID daemon, String backend, boolean used) {
    /** Of a backend that was never used. */
    public BackendIdentity(UUID daemon, String backend) {
        this(daemon, backend, false);
    }
}
