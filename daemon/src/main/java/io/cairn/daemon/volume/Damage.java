package io.cairn.daemon.volume;

import io.cairn.spi.VolumeId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The damaged rows that were met so far: no start looks at every row. Each is logged once. Safe for
 * many threads.
 */
final class Damage {
    /** More of them are not told apart any more, as of a state that is damaged as a whole. */
    private static final int MOST = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(Damage.class);

    private final Map<String, DamagedRow> rows = new ConcurrentHashMap<>();

    void note(DamagedRow row) {
        if (rows.size() < MOST && rows.putIfAbsent(key(row.table(), row.id()), row) == null) {
            LOG.error("A row of the state is damaged and left as it is: {}", row);
        }
    }

    /** Whether it was met since. */
    boolean has(String table, UUID id) {
        return !rows.isEmpty() && rows.containsKey(key(table, id.toString()));
    }

    /** What of a table it is. */
    Set<UUID> ids(String table) {
        return rows.values().stream()
                .filter(row -> row.table().equals(table))
                .flatMap(row -> Ids.volume(row.id()).stream())
                .map(VolumeId::value)
                .collect(Collectors.toSet());
    }

    /** Those of a table, of one backend or of all. */
    List<DamagedRow> of(String table, Optional<String> backend) {
        return rows.values().stream()
                .filter(row -> row.table().equals(table))
                .filter(row -> backend.map(row.backend()::equals).orElse(true))
                .toList();
    }

    /** All of them, by their tables and ids. */
    List<DamagedRow> all() {
        return rows.values().stream()
                .sorted(Comparator.comparing(DamagedRow::table).thenComparing(DamagedRow::id))
                .toList();
    }

    /** To be found again if it is met again. */
    void forget(String table, UUID id) {
        rows.remove(key(table, id.toString()));
    }

    /** As {@link #forget}, all of them. */
    void forgetAll() {
        rows.clear();
    }

    private static String key(String table, String id) {
        return table + " " + id;
    }
}
