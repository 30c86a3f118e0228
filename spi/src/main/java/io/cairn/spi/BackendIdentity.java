package io.cairn.spi;

import java.util.UUID;

/**
 * Whose backend this is. A driver leaves both on the storage when it first opens it and refuses,
 * with {@link DriverException.Kind#CONFLICT}, storage that bears another daemon's.
 *
 * @param daemon the daemon's lasting identity, the same after every restart
 * @param backend the backend's configured name
 */
public record BackendIdentity(UUID daemon, String backend) {}
