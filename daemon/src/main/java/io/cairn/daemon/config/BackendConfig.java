package io.cairn.daemon.config;

import io.cairn.spi.Option;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One file of {@code etc/backends}.
 *
 * @param name the file's name without {@code .properties}
 * @param driver the word of the driver that runs it
 * @param description the operator's own words; may be empty
 * @param threads the most driver calls at once, from 1 to 256
 * @param deadline the longest that a driver call may take, its wait for a thread included; above
 *     zero
 * @param breakerFailures so many calls in a row that are not answered have work refused until the
 *     backend answers again; from 1 to 1,000, or 0 for never
 * @param limits how much of its pools may be given out
 * @param trash what becomes of what is deleted
 * @param settings what is left of the file, for the driver; not yet checked against its options
 */
public record BackendConfig(
        String name,
        String driver,
        String description,
        int threads,
        Duration deadline,
        int breakerFailures,
        PoolLimits limits,
        TrashPolicy trash,
        Map<String, String> settings) {

    /** The keys that the daemon reads itself, so that no driver can declare them. */
    public static final Set<String> KEYS =
            Set.of(
                    "driver",
                    "description",
                    "threads",
                    "deadline",
                    "breaker.failures",
                    "overcommit.ratio",
                    "reserve",
                    "trash.keep",
                    "trash.minFree");

    /** Few enough to see an outage soon, and more than one volume with a problem may count. */
    public static final int BREAKER_FAILURES = 5;

    public BackendConfig {
        settings = Map.copyOf(settings);
    }

    /** With what holds of all else where nothing is set. */
    public BackendConfig(
            String name,
            String driver,
            String description,
            int threads,
            Duration deadline,
            Map<String, String> settings) {
        this(
                name,
                driver,
                description,
                threads,
                deadline,
                BREAKER_FAILURES,
                PoolLimits.DEFAULT,
                TrashPolicy.DEFAULT,
                settings);
    }

    /**
     * The keys in which another configuration differs, by name; a setting that is left out is the
     * same as one that says the fallback. Values are not told, since some are secret.
     *
     * @param options what the driver declares
     */
    public SortedSet<String> differences(BackendConfig other, List<Option> options) {
        SortedSet<String> differing = new TreeSet<>();
        Map<String, String> ours = whole(options);
        Map<String, String> theirs = other.whole(options);
        differing.addAll(ours.keySet());
        differing.addAll(theirs.keySet());
        differing.removeIf(key -> Objects.equals(ours.get(key), theirs.get(key)));
        return differing;
    }

    private Map<String, String> whole(List<Option> options) {
        Map<String, String> all = new TreeMap<>();
        for (Option option : options) {
            option.fallback().ifPresent(text -> all.put(option.name(), text));
        }
        all.putAll(settings);
        all.put("driver", driver);
        all.put("description", description);
        all.put("threads", String.valueOf(threads));
        all.put("deadline", deadline.toString());
        all.put("breaker.failures", String.valueOf(breakerFailures));
        all.put("overcommit.ratio", limits.overcommitRatio().toString());
        all.put("reserve", limits.reserve().toString());
        all.put("trash.keep", trash.keep().toString());
        all.put("trash.minFree", trash.minFree().toString());
        return all;
    }

    /** Names the settings and hides every value: only the driver knows which ones are secret. */
    @Override
    public String toString() {
        return "BackendConfig[name=%s, driver=%s, threads=%d, deadline=%s, limits=%s, settings=%s]"
                .formatted(
                        name, driver, threads, deadline, limits, new TreeMap<>(settings).keySet());
    }
}
