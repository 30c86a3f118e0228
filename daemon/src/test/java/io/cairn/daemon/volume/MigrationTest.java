package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** State that the first schema wrote, opened by the present one. */
final class MigrationTest {
    private static final VolumeId VOLUME = VolumeId.random();
    private static final VolumeId COPY = VolumeId.random();
    private static final VolumeId HALF = VolumeId.random();
    private static final SnapshotId SNAPSHOT = SnapshotId.random();

    @Test
    void everythingIsThereAndCountedAndListed(@TempDir Path folder) throws Exception {
        try (StateStore old =
                StateStore.open(
                        folder.resolve("state"),
                        StoreOptions.DEFAULTS,
                        Volumes.schema().subList(0, 1))) {
            write(
                    old,
                    "INSERT INTO volume VALUES (UUID('%s'), NEXT VALUE FOR ordinal, 'fast', 'default', 'db1', 'the orders', '%s', 1048576, 1, NULL, NULL, '/x', 1)"
                            .formatted(VOLUME, "\nteam=db\n"),
                    "INSERT INTO snapshot VALUES (UUID('%s'), NEXT VALUE FOR ordinal, 'fast', UUID('%s'), 's', '', '%s', 1048576, 2, '/y')"
                            .formatted(SNAPSHOT, VOLUME, "\nkeep=yes\n"),
                    "INSERT INTO volume VALUES (UUID('%s'), NEXT VALUE FOR ordinal, 'fast', 'default', 'copy', '', '', 2097152, 3, UUID('%s'), UUID('%s'), '/z', 0)"
                            .formatted(COPY, VOLUME, SNAPSHOT),
                    "INSERT INTO volume VALUES (UUID('%s'), NEXT VALUE FOR ordinal, 'fast', 'default', 'half', '', '', 1048576, 4, NULL, NULL, '', 0)"
                            .formatted(HALF),
                    "INSERT INTO intent (volume_id, kind, begun_at) VALUES (UUID('%s'), 'CREATE_VOLUME', 4)"
                            .formatted(HALF),
                    "INSERT INTO backend_count VALUES ('fast', 2, 1)");
        }
        try (House now = House.open(folder)) {
            Volumes volumes = now.volumes;
            Volume volume = volumes.volume(VOLUME).orElseThrow();
            assertThat(volume.description()).isEqualTo("the orders");
            assertThat(volume.labels()).isEqualTo(Map.of("team", "db"));
            assertThat(volume.particulars()).isEqualTo(Particulars.NONE);
            assertThat(volume.connectionCount()).isZero();
            assertThat(volume.holdCount()).isZero();
            assertThat(volumes.volume(COPY).orElseThrow().origin())
                    .contains(new Origin(VOLUME, Optional.of(SNAPSHOT)));
            assertThat(volumes.volume(HALF).orElseThrow().state()).isEqualTo(ObjectState.CREATING);
            assertThat(volumes.counts(BACKEND)).isEqualTo(new Counts(2, 1, 1));
            assertThat(volumes.poolCounts(BACKEND))
                    .isEqualTo(Map.of("default", new PoolCounts(2, 1, (3 << 20) + (1 << 20))));
            assertThat(volumes.volumes(Filter.ALL, 10, "").items())
                    .extracting(Volume::name)
                    .containsExactly("half", "copy", "db1");
            assertThat(
                            volumes.volumes(labelled("team", "db"), 10, "").items().stream()
                                    .map(Volume::id))
                    .containsExactly(VOLUME);
            assertThat(
                            volumes.snapshots(labelled("keep", "yes"), 10, "").items().stream()
                                    .map(Snapshot::id))
                    .containsExactly(SNAPSHOT);
            assertThat(volumes.alterations().holds(SNAPSHOT)).isEmpty();
            assertThat(volumes.connections().of(VOLUME)).isEmpty();
        }
    }

    private static void write(StateStore store, String... statements) throws StoreException {
        boolean _ =
                store.commit(
                        prepared -> {
                            for (String sql : statements) {
                                prepared.prepare(sql).executeUpdate();
                            }
                            return true;
                        });
    }

    private static Filter labelled(String key, String value) {
        Filter all = Filter.ALL;
        return new Filter(
                all.backend(),
                all.volume(),
                all.pool(),
                all.name(),
                all.state(),
                all.source(),
                all.older(),
                all.newer(),
                all.minSize(),
                all.maxSize(),
                Map.of(key, value),
                all.order());
    }
}
