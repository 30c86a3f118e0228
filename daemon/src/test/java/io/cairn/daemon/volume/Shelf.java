package io.cairn.daemon.volume;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** A real state store with rows that no backend has, and lists of them. */
final class Shelf implements AutoCloseable {
    final StateStore store;
    final OpenIntents open = new OpenIntents();
    final State state;
    final Listing listing;

    /** Ordinals of what was put, by its id. */
    final Map<UUID, Long> ordinals = new HashMap<>();

    private long next = 1;

    Shelf(Path folder) throws StoreException {
        store = StateStore.open(folder, StoreOptions.DEFAULTS, Volumes.schema());
        state = new State(store, open);
        listing = new Listing(state, open);
    }

    /** What a row of a volume or a snapshot differs in. */
    record Row(
            String backend,
            String pool,
            String name,
            Map<String, String> labels,
            long size,
            long created,
            @Nullable UUID volume,
            @Nullable UUID snapshot) {
        static Row of(String backend, String name) {
            return new Row(backend, "default", name, Map.of(), 1, 1, null, null);
        }

        Row with(Map<String, String> others) {
            return new Row(backend, pool, name, others, size, created, volume, snapshot);
        }

        Row with(long otherSize, long otherCreated) {
            return new Row(backend, pool, name, labels, otherSize, otherCreated, volume, snapshot);
        }
    }

    VolumeId volume(Row row) throws StoreException {
        UUID id = UUID.randomUUID();
        put(
                "INSERT INTO volume (id, ordinal, backend, pool, name, description, labels, size_bytes,"
                        + " created_at, origin_volume, origin_snapshot, location, snapshot_count)"
                        + " VALUES (?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, '/x', 0)",
                id,
                row.backend(),
                row.pool(),
                row.name(),
                Labels.text(row.labels()),
                row.size(),
                row.created(),
                row.volume(),
                row.snapshot());
        return new VolumeId(id);
    }

    /** The snapshot's volume is the row's; the row's pool and snapshot do not count. */
    SnapshotId snapshot(Row row) throws StoreException {
        UUID id = UUID.randomUUID();
        put(
                "INSERT INTO snapshot (id, ordinal, backend, volume_id, name, description, labels,"
                        + " size_bytes, created_at, location)"
                        + " VALUES (?, ?, ?, ?, ?, '', ?, ?, ?, '/x')",
                id,
                row.backend(),
                row.volume(),
                row.name(),
                Labels.text(row.labels()),
                row.size(),
                row.created());
        return new SnapshotId(id);
    }

    private void put(String sql, UUID id, @Nullable Object... values) throws StoreException {
        long ordinal = next++;
        ordinals.put(id, ordinal);
        List<@Nullable Object> all = new ArrayList<>(List.of(id, ordinal));
        for (Object value : values) {
            all.add(value);
        }
        change(sql, all.toArray());
    }

    void change(String sql, @Nullable Object... values) throws StoreException {
        boolean _ =
                store.commit(
                        statements -> {
                            PreparedStatement statement = statements.prepare(sql);
                            for (int i = 0; i < values.length; i++) {
                                statement.setObject(i + 1, values[i]);
                            }
                            statement.executeUpdate();
                            return true;
                        });
    }

    /** What lists are read by, as text. */
    Set<String> facets() {
        Set<String> facets = new TreeSet<>();
        for (String table : new String[] {"volume", "snapshot"}) {
            facets.addAll(
                    state.rows(
                            "SELECT id, facet, ordinal, created_at, name, size_bytes FROM %s_facet"
                                    .formatted(table),
                            row ->
                                    "%s %s | %s, ordinal %d, created %d, size %d"
                                            .formatted(
                                                    row.getString(5),
                                                    row.getString(2).replace("\n", "$"),
                                                    row.getObject(1, UUID.class),
                                                    row.getLong(3),
                                                    row.getLong(4),
                                                    row.getLong(6))));
        }
        return facets;
    }

    @Override
    public void close() {
        store.close();
    }
}
