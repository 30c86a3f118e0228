package io.cairn.daemon.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.store.CopyWatch;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.Volumes;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A state as the daemon has it, with one volume whose snapshots are written straight into the
 * tables. Each change touches three of them, so that a torn copy is seen.
 */
final class Estate implements AutoCloseable {
    static final UUID DAEMON = UUID.fromString("3f5f3b5e-0000-4000-8000-000000000007");
    static final List<SchemaStep> SCHEMA =
            SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema()));
    static final Duration LONG = Duration.ofMinutes(2);

    private static final UUID VOLUME = UUID.fromString("3f5f3b5e-0000-4000-8000-000000000008");
    private static final StoreOptions OPTIONS = new StoreOptions(0, 0, 4, Duration.ofMillis(20));

    final StateStore store;

    Estate(Path folder) throws StoreException {
        this(folder, OPTIONS);
    }

    Estate(Path folder, StoreOptions options) throws StoreException {
        store = StateStore.open(folder, options, SCHEMA);
        if (rows("volume") == 0) {
            boolean _ =
                    store.commit(
                            statements -> {
                                PreparedStatement volume =
                                        statements.prepare(
                                                "INSERT INTO volume (id, ordinal, backend, pool, name, description,"
                                                        + " labels, size_bytes, created_at, location, snapshot_count)"
                                                        + " VALUES (?, 1, 'fast', 'default', 'many', '', '',"
                                                        + " 1048576, 1, '/x', 0)");
                                volume.setObject(1, VOLUME);
                                volume.executeUpdate();
                                return statements
                                                .prepare(
                                                        "INSERT INTO backend_count VALUES ('fast', 1, 0)")
                                                .executeUpdate()
                                        == 1;
                            });
        }
    }

    /** Cuts a snapshot, as far as the state knows; durable when it returns. */
    void cut(long number) throws StoreException {
        boolean _ =
                store.commit(
                        statements -> {
                            PreparedStatement row =
                                    statements.prepare(
                                            "INSERT INTO snapshot (id, ordinal, backend, volume_id, name, description,"
                                                    + " labels, size_bytes, created_at, location)"
                                                    + " VALUES (?, ?, 'fast', ?, ?, ?, '', 1048576, 1, '/x')");
                            row.setObject(1, new UUID(1, number));
                            row.setLong(2, number + 1);
                            row.setObject(3, VOLUME);
                            row.setString(4, "s" + number);
                            row.setString(5, "d".repeat(200));
                            row.executeUpdate();
                            statements
                                    .prepare(
                                            "UPDATE volume SET snapshot_count = snapshot_count + 1")
                                    .executeUpdate();
                            return statements
                                            .prepare(
                                                    "UPDATE backend_count SET snapshots = snapshots + 1")
                                            .executeUpdate()
                                    == 1;
                        });
    }

    void cut(long from, long to) throws StoreException {
        for (long number = from; number < to; number++) {
            cut(number);
        }
    }

    /** Begins a change of the volume, as far as the state knows. */
    void begin(String kind) throws StoreException {
        boolean _ =
                store.commit(
                        statements -> {
                            PreparedStatement row =
                                    statements.prepare(
                                            "INSERT INTO intent (volume_id, kind, begun_at) VALUES (?, ?, 1)");
                            row.setObject(1, VOLUME);
                            row.setString(2, kind);
                            return row.executeUpdate() == 1;
                        });
    }

    /** Looks that nothing is torn; returns the numbers of the snapshots. */
    List<Long> check() {
        List<Long> numbers =
                store.reads()
                        .withHandle(
                                h ->
                                        h.createQuery(
                                                        "SELECT CAST(SUBSTRING(name FROM 2) AS BIGINT) AS n"
                                                                + " FROM snapshot ORDER BY n")
                                                .mapTo(Long.class)
                                                .list());
        assertThat(number("SELECT SUM(snapshots) FROM backend_count")).isEqualTo(numbers.size());
        assertThat(number("SELECT SUM(snapshot_count) FROM volume")).isEqualTo(numbers.size());
        return numbers;
    }

    /** What another state folder has; it must be whole. */
    static List<Long> numbers(Path folder) throws StoreException {
        try (Estate estate = new Estate(folder)) {
            return estate.check();
        }
    }

    private long rows(String table) {
        return number("SELECT COUNT(*) FROM " + table);
    }

    long number(String sql) {
        return store.reads().withHandle(h -> h.createQuery(sql).mapTo(Long.class).one());
    }

    Backups backups(Path folder) {
        return backups(folder, 7, InstantSource.system(), _ -> {});
    }

    Backups backups(Path folder, int keep, InstantSource clock, CopyWatch watch) {
        return new Backups(
                store,
                SCHEMA,
                new BackupPolicy(folder, Duration.ZERO, keep, 0),
                DAEMON,
                clock,
                watch);
    }

    static Backup make(Backups backups) throws Exception {
        return backups.make(LONG).orElseThrow();
    }

    /** How a restore ended, and what it said. */
    record Restored(int status, String out, String err) {}

    static Restored restore(Path state, Path backups, String which) {
        return restore(state, backups, which, Optional.of(DAEMON));
    }

    static Restored restore(Path state, Path backups, String which, Optional<UUID> daemon) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status =
                new RestoreCommand(
                                state,
                                backups,
                                SCHEMA,
                                daemon,
                                new PrintStream(out, true, StandardCharsets.UTF_8),
                                new PrintStream(err, true, StandardCharsets.UTF_8))
                        .run(List.of(which));
        return new Restored(
                status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** All that lies in a folder but its lock, by name. */
    static List<String> names(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.equals(".lock"))
                    .sorted()
                    .toList();
        }
    }

    /** Changes one bit of a file, and not its length. */
    static void flip(Path file, Random random) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Override
    public void close() {
        store.close();
    }
}
