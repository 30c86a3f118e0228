package io.cairn.daemon.config;

import java.util.List;

/**
 * Everything that the configuration folder says.
 *
 * @param backends by name, in order
 */
public record Configuration(DaemonConfig daemon, List<BackendConfig> backends) {
    public Configuration {
        backends = List.copyOf(backends);
    }
}
