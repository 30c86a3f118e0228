package io.cairn.daemon.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Everything that the configuration folder says.
 *
 * @param etc the folder; empty in a program that made its configuration itself, which then opens no
 *     backend later
 * @param backends by name, in order
 */
public record Configuration(Optional<Path> etc, DaemonConfig daemon, List<BackendConfig> backends) {
    public Configuration {
        backends = List.copyOf(backends);
    }

    /** Of a program that made it itself. */
    public Configuration(DaemonConfig daemon, List<BackendConfig> backends) {
        this(Optional.empty(), daemon, backends);
    }
}
