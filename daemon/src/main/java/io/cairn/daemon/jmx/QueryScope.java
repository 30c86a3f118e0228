package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Filter;

import org.jspecify.annotations.Nullable;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;

/**
 * What part of the state can match a pattern of names, so that no more of it is read. Immutable.
 */
final class QueryScope {
    private final @Nullable ObjectName pattern;
    private final boolean ours;
    private final Optional<String> backend;
    private final Optional<String> volume;
    private final int limit;

    /**
     * @param pattern null for every name
     */
    QueryScope(@Nullable ObjectName pattern, QueryLimits limits) {
        this.pattern = pattern;
        this.ours = pattern == null || domainMatches(pattern);
        this.backend = fixed("backend");
        this.volume = fixed("volume");
        this.limit = backend.isPresent() || volume.isPresent() ? limits.range() : limits.broad();
    }

    /** Whether an object of a type could match. */
    boolean has(String type) {
        if (!ours) {
            return false;
        }
        // A wildcard in the type is left to matches(): nobody types one for the sake of speed.
        return fixed("type").map(type::equals).orElse(true);
    }

    /** Whether an object of a backend could match. */
    boolean mayHave(String name) {
        return backend.map(name::equals).orElse(true);
    }

    boolean matches(ObjectName name) {
        return pattern == null || pattern.apply(name);
    }

    /** How many volumes, and as many snapshots, are looked at. */
    int limit() {
        return limit;
    }

    Filter volumes() {
        return Filter.of(backend, Optional.empty(), volume.or(() -> beginning("volume")));
    }

    /**
     * More than one where a volume is named and its backend is not.
     *
     * @param backends the names of all backends
     */
    List<Filter> snapshots(Collection<String> backends) {
        Optional<String> name = fixed("snapshot").or(() -> beginning("snapshot"));
        Collection<String> among =
                backend.isPresent() || volume.isEmpty() ? backend.stream().toList() : backends;
        if (among.isEmpty()) {
            return List.of(Filter.of(Optional.empty(), Optional.empty(), name));
        }
        return among.stream().map(one -> Filter.of(Optional.of(one), volume, name)).toList();
    }

    private Optional<String> fixed(String key) {
        String value = pattern == null ? null : pattern.getKeyProperty(key);
        return value == null || wildcard(key) ? Optional.empty() : Optional.of(value);
    }

    /** What a filter can make of a value with wildcards: {@code db*} of {@code db*1}. */
    private Optional<String> beginning(String key) {
        String value = pattern == null ? null : pattern.getKeyProperty(key);
        if (value == null) {
            return Optional.empty();
        }
        int end = 0;
        while (end < value.length() && value.charAt(end) != '*' && value.charAt(end) != '?') {
            end++;
        }
        return end == 0 ? Optional.empty() : Optional.of(value.substring(0, end) + "*");
    }

    private boolean wildcard(String key) {
        return pattern != null && pattern.isPropertyValuePattern(key);
    }

    private static boolean domainMatches(ObjectName pattern) {
        if (!pattern.isDomainPattern()) {
            return pattern.getDomain().equals(BeanNames.DOMAIN);
        }
        try {
            return ObjectName.getInstance(pattern.getDomain() + ":*").apply(BeanNames.DAEMON);
        } catch (MalformedObjectNameException e) {
            throw new IllegalArgumentException("a pattern without a domain: " + pattern, e);
        }
    }
}
