package io.cairn.daemon.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.Order.By;
import io.cairn.daemon.volume.Scan.Range;
import io.cairn.daemon.volume.Shelf.Row;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/** What lists are read by: that it is always what the rows say, and that it is what is read. */
final class ListIndexTest {
    @TempDir private Path folder;

    @Test
    void everyListIsReadInTheOrderOfAnIndexBetweenItsBounds() throws Exception {
        Map<Range, String> ranges =
                Map.of(
                        new Range("volume_facet", "facet", "x"), "VOLUME_FACET_",
                        new Range("snapshot_facet", "facet", "x"), "SNAPSHOT_FACET_",
                        new Range("snapshot", "backend", "x"), "SNAPSHOT_",
                        new Range("snapshot", "volume_id", UUID.randomUUID()), "SNAPSHOT_");
        try (Shelf shelf = new Shelf(folder)) {
            ranges.forEach(
                    (range, index) -> {
                        for (By by : By.values()) {
                            for (boolean descending : new boolean[] {false, true}) {
                                Order order = new Order(by, descending);
                                String plan =
                                        plan(
                                                shelf.store,
                                                Scan.sql(Scan.ENTRY, range, order),
                                                range,
                                                by);
                                assertThat(plan)
                                        .contains("[index=" + index + suffix(range, by))
                                        .contains("uses index")
                                        .contains("access=INDEX PRED");
                                String start = plan.substring(plan.indexOf("start conditions"));
                                assertThat(start.substring(0, start.indexOf("end condition")))
                                        .contains("." + by.column().toUpperCase(Locale.ROOT));
                            }
                        }
                    });
        }
    }

    private static String suffix(Range range, By by) {
        String name =
                switch (by) {
                    case CREATED -> "CREATED";
                    case NAME -> range.table().equals("snapshot") ? "BY_NAME" : "NAME";
                    case SIZE -> range.table().equals("snapshot") ? "BY_SIZE" : "SIZE";
                };
        return name + (range.column().equals("volume_id") ? "_IN_VOLUME" : "") + "\n";
    }

    private static String plan(StateStore store, String sql, Range range, By by) {
        String value = by == By.NAME ? "'n'" : "7";
        String text =
                sql.replaceFirst("\\?", range.value() instanceof UUID ? "UUID()" : "'x'")
                        .replaceFirst("\\?", value)
                        .replaceFirst("\\?", value)
                        .replaceFirst("\\?", "9");
        List<String> lines =
                store.reads()
                        .withHandle(
                                handle ->
                                        handle.createQuery("EXPLAIN PLAN FOR " + text)
                                                .mapTo(String.class)
                                                .list());
        return String.join("\n", lines);
    }

    @Test
    void theLookUpsByNameStillTakeTheirOwnIndex() throws Exception {
        try (Shelf shelf = new Shelf(folder)) {
            for (String query :
                    List.of(
                            "volume v WHERE v.backend = 'b' AND v.name = 'n'|VOLUME_NAME",
                            "snapshot s WHERE s.volume_id = UUID() AND s.name = 'n'|SNAPSHOT_NAME")) {
                String[] parts = query.split("\\|", -1);
                assertThat(
                                shelf.store
                                        .reads()
                                        .withHandle(
                                                handle ->
                                                        handle.createQuery(
                                                                        "EXPLAIN PLAN FOR SELECT * FROM "
                                                                                + parts[0])
                                                                .mapTo(String.class)
                                                                .list())
                                        .toString())
                        .contains("index=" + parts[1]);
            }
        }
    }

    @Test
    void whateverChangesAVolumeOrASnapshotChangesWhatListsAreReadBy() throws Exception {
        try (Shelf shelf = new Shelf(folder)) {
            UUID source = UUID.randomUUID();
            UUID of = UUID.randomUUID();
            VolumeId volume =
                    shelf.volume(
                            new Row(
                                    "fast",
                                    "p1",
                                    "db1",
                                    Map.of("team", "d b ", "tier", "1=2"),
                                    7,
                                    9,
                                    of,
                                    source));
            assertThat(kinds(shelf))
                    .containsExactly(
                            "db1 backend=fast$",
                            "db1 label=fast/team=d b $",
                            "db1 label=fast/tier=1=2$",
                            "db1 pool=fast/p1$",
                            "db1 source=fast/%s$".formatted(min(of, source)),
                            "db1 source=fast/%s$".formatted(max(of, source)),
                            "db1 use=fast/idle$");

            shelf.change("UPDATE volume SET snapshot_count = 5 WHERE id = ?", volume.value());
            shelf.change(
                    "UPDATE volume SET name = 'db2', labels = ?, pool = 'p2' WHERE id = ?",
                    Labels.text(Map.of("odd", "a\u2028b$1\\", "x", "")),
                    volume.value());
            shelf.change("UPDATE volume SET size_bytes = 8 WHERE id = ?", volume.value());
            assertThat(kinds(shelf))
                    .contains("db2 label=fast/odd=a\u2028b$1\\$", "db2 label=fast/x=$")
                    .contains("db2 pool=fast/p2$", "db2 use=fast/idle$")
                    .hasSize(7);
            shelf.change("UPDATE volume SET connection_count = 1 WHERE id = ?", volume.value());
            shelf.change("UPDATE volume SET connection_count = 2 WHERE id = ?", volume.value());
            assertThat(kinds(shelf)).contains("db2 use=fast/connected$").hasSize(7);
            shelf.change("UPDATE volume SET name = 'db3' WHERE id = ?", volume.value());
            assertThat(kinds(shelf)).contains("db3 use=fast/connected$").hasSize(7);
            shelf.change("UPDATE volume SET connection_count = 0 WHERE id = ?", volume.value());
            assertThat(kinds(shelf)).contains("db3 use=fast/idle$").hasSize(7);
            assertThat(shelf.facets()).allMatch(facet -> facet.endsWith("created 9, size 8"));

            UUID snapshot =
                    shelf.snapshot(
                                    new Row(
                                            "fast",
                                            "",
                                            "s1",
                                            Map.of("k", "v"),
                                            3,
                                            4,
                                            volume.value(),
                                            null))
                            .value();
            assertThat(kinds(shelf)).contains("s1 label=fast/k=v$", "s1 pool=fast/p2$").hasSize(9);
            shelf.change("UPDATE snapshot SET labels = '', name = 's2' WHERE id = ?", snapshot);
            assertThat(kinds(shelf)).contains("s2 pool=fast/p2$").hasSize(8);
            shelf.change("UPDATE snapshot SET connection_count = 1 WHERE id = ?", snapshot);
            assertThat(kinds(shelf)).contains("s2 use=fast/connected$").hasSize(9);
            shelf.change(
                    "UPDATE snapshot SET labels = ? WHERE id = ?",
                    Labels.text(Map.of("a", "b")),
                    snapshot);
            assertThat(kinds(shelf))
                    .contains("s2 label=fast/a=b$", "s2 use=fast/connected$")
                    .hasSize(10);
            shelf.change("UPDATE snapshot SET connection_count = 0 WHERE id = ?", snapshot);
            assertThat(kinds(shelf)).contains("s2 label=fast/a=b$").hasSize(9);
            shelf.change("UPDATE snapshot SET connection_count = 3 WHERE id = ?", snapshot);

            shelf.change("DELETE FROM snapshot WHERE id = ?", snapshot);
            shelf.change("DELETE FROM volume WHERE id = ?", volume.value());
            assertThat(shelf.facets()).isEmpty();
        }
    }

    private static UUID min(UUID one, UUID other) {
        return one.toString().compareTo(other.toString()) < 0 ? one : other;
    }

    private static UUID max(UUID one, UUID other) {
        return min(one, other).equals(one) ? other : one;
    }

    private static List<String> kinds(Shelf shelf) {
        return shelf.facets().stream().map(facet -> facet.replaceFirst(" \\| .*", "")).toList();
    }

    @Test
    void whatWasThereBeforeIsTakenIn() throws Exception {
        Set<String> before;
        try (StateStore old =
                StateStore.open(
                        folder, StoreOptions.DEFAULTS, List.of(Volumes.schema().getFirst()))) {
            boolean _ =
                    old.commit(
                            statements ->
                                    statements
                                                    .prepare(
                                                            "INSERT INTO volume VALUES (UUID(), 1, 'fast', 'p', 'v', '', CHAR(10) || 'a=b' || CHAR(10) || 'c=d ' || CHAR(10), 5, 6, NULL, NULL, '/x', 1)")
                                                    .executeUpdate()
                                            > 0);
            boolean _ =
                    old.commit(
                            statements ->
                                    statements
                                                    .prepare(
                                                            "INSERT INTO snapshot SELECT UUID(), 2, 'fast', id, 's', '', labels, 5, 7, '/x' FROM volume")
                                                    .executeUpdate()
                                            > 0);
        }
        try (Shelf shelf = new Shelf(folder)) {
            before = shelf.facets();
            assertThat(kinds(shelf))
                    .containsExactly(
                            "s label=fast/a=b$",
                            "s label=fast/c=d $",
                            "s pool=fast/p$",
                            "v backend=fast$",
                            "v label=fast/a=b$",
                            "v label=fast/c=d $",
                            "v pool=fast/p$",
                            "v use=fast/idle$");
        }
        try (Shelf shelf = new Shelf(folder)) {
            assertThat(shelf.facets()).isEqualTo(before);
        }
    }

    @Test
    void whatWasConnectedBeforeIsTakenIn() throws Exception {
        try (StateStore old =
                StateStore.open(folder, StoreOptions.DEFAULTS, Volumes.schema().subList(0, 4))) {
            for (String table :
                    List.of(
                            "volume (id, ordinal, backend, pool, name, description, labels,"
                                    + " size_bytes, created_at, location, snapshot_count,"
                                    + " connection_count) VALUES (UUID(), 1, 'fast', 'default',"
                                    + " 'v', '', '', 5, 6, '/x', 1, 2)",
                            "snapshot (id, ordinal, backend, volume_id, name, description, labels,"
                                    + " size_bytes, created_at, location, connection_count) SELECT"
                                    + " UUID(), 2, 'fast', id, 's', '', labels, 5, 7, '/x', 1 FROM"
                                    + " volume")) {
                int changed =
                        old.commit(
                                statements ->
                                        statements.prepare("INSERT INTO " + table).executeUpdate());
                assertThat(changed).isEqualTo(1);
            }
        }
        try (Shelf shelf = new Shelf(folder)) {
            assertThat(kinds(shelf))
                    .containsExactly(
                            "s use=fast/connected$",
                            "v backend=fast$",
                            "v pool=fast/default$",
                            "v use=fast/connected$");
        }
    }

    @Test
    void aStartThatReplaysTheLogHasWhatTheTriggersDidOnce(@TempDir Path copy) throws Exception {
        try (Shelf shelf = new Shelf(folder)) {
            for (int i = 0; i < 20; i++) {
                VolumeId volume =
                        shelf.volume(Row.of("fast", "v" + i).with(Map.of("n", "" + i % 3)));
                if (i % 4 == 0) {
                    shelf.change("DELETE FROM volume WHERE id = ?", volume.value());
                } else if (i % 4 == 1) {
                    shelf.change("UPDATE volume SET size_bytes = 9 WHERE id = ?", volume.value());
                }
            }
            // As a kill at this moment would leave it.
            copyAll(folder, copy.resolve("state"));
            try (Shelf again = new Shelf(copy.resolve("state"))) {
                assertThat(again.facets()).isEqualTo(shelf.facets()).hasSize(15 * 4);
            }
        }
    }

    private static void copyAll(Path from, Path to) throws Exception {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }
}
