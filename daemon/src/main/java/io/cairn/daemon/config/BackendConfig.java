package io.cairn.daemon.config;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One file of {@code etc/backends}.
 *
 * @param name the file's name without {@code .properties}
 * @param driver the word of the driver that runs it
 * @param description the operator's own words; may be empty
 * @param threads the most driver calls at once, from 1 to 256
 * @param deadline the longest that a driver call may take, its wait for a thread included; above
 *     zero
 * @param settings what is left of the file, for the driver; not yet checked against its options
 */
public record BackendConfig(
        String name,
        String driver,
        String description,
        int threads,
        Duration deadline,
        Map<String, String> settings) {

    /** The keys that the daemon reads itself, so that no driver can declare them. */
    public static final Set<String> KEYS = Set.of("driver", "description", "threads", "deadline");

    public BackendConfig {
        settings = Map.copyOf(settings);
    }

    /** Names the settings and hides every value: only the driver knows which ones are secret. */
    @Override
    public String toString() {
        return "BackendConfig[name=%s, driver=%s, threads=%d, deadline=%s, settings=%s]"
                .formatted(name, driver, threads, deadline, new TreeMap<>(settings).keySet());
    }
}
