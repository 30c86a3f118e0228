package io.cairn.benchmark;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.Volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.PreparedStatement;
import java.util.Random;
import java.util.UUID;

/**
 * What is there before a benchmark begins: a volume for every client, and snapshots that were not
 * cut one by one, since nobody waits for a hundred thousand cuts.
 */
final class Seed {
    /** The most clients of any benchmark. */
    static final int CLIENTS = 64;

    /** How much of an image has content; the rest is a hole. */
    static final int CONTENT_BYTES = 1 << 20;

    private static final int ROWS_PER_COMMIT = 10_000;

    private Seed() {}

    /** A daemon's state and images, to be opened by {@link House}. */
    static void house(Storage storage, Path folder, int existing) throws Exception {
        try (House house = new House(storage, folder)) {
            for (int client = 0; client < CLIENTS; client++) {
                Volume volume =
                        house.volumes()
                                .createVolume(
                                        House.BACKEND,
                                        NewVolume.named(volumeName(client), House.VOLUME_BYTES));
                if (storage.holdsFiles()) {
                    fill(Path.of(volume.location()));
                }
            }
            // All belong to the first client, so that the one client has the full volume.
            Volume full = house.volumes().volume(House.BACKEND, volumeName(0)).orElseThrow();
            if (storage != Storage.MEMORY) {
                crowd(House.images(folder), Path.of(full.location()), existing);
            }
            rows(house.store(), full.id().value(), House.BACKEND, existing);
            house.store().checkpoint();
        }
    }

    /** The same rows for {@link BareDatabase}, made by the state store and then left by it. */
    static void database(Path folder, int existing) throws StoreException {
        try (StateStore store =
                StateStore.open(House.state(folder), StoreOptions.DEFAULTS, House.schema())) {
            for (int client = 0; client < CLIENTS; client++) {
                volumeRow(store, bareVolume(client), bareBackend(client));
            }
            rows(store, bareVolume(0), bareBackend(0), existing);
            store.checkpoint();
        }
    }

    /** A daemon's state with one volume, of which there is nothing on its backend. */
    static void state(Path folder, String backend, int existing) throws StoreException {
        try (StateStore store =
                StateStore.open(House.state(folder), StoreOptions.DEFAULTS, House.schema())) {
            volumeRow(store, bareVolume(0), backend);
            rows(store, bareVolume(0), backend, existing);
        }
    }

    static String volumeName(int client) {
        return "client-" + client;
    }

    static UUID bareVolume(int client) {
        return new UUID(0x4000, client);
    }

    /** One for each, since HSQLDB refuses a change of a row that another transaction changes. */
    static String bareBackend(int client) {
        return "bare-" + client;
    }

    /** An image such as volumes have, for {@link BareFiles}. */
    static Path image(Path path) throws IOException {
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[1]), House.VOLUME_BYTES - 1);
            file.truncate(House.VOLUME_BYTES);
        }
        fill(path);
        return path;
    }

    private static void fill(Path image) throws IOException {
        byte[] content = new byte[CONTENT_BYTES];
        new Random(1).nextBytes(content);
        try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(content), 0);
            file.force(true);
        }
    }

    /** As many names in the driver's folders as so many snapshots have; they are empty files. */
    private static void crowd(Path images, Path image, int existing) throws IOException {
        Path snapshots = images.resolve("snapshots");
        for (int i = 0; i < existing; i++) {
            String id = UUID.randomUUID().toString();
            Path file = Files.createFile(snapshots.resolve(id));
            Files.createLink(image.resolveSibling(id + ".snap"), file);
        }
    }

    private static void volumeRow(StateStore store, UUID volume, String backend)
            throws StoreException {
        boolean _ =
                store.commit(
                        statements -> {
                            PreparedStatement insert =
                                    statements.prepare(
                                            "INSERT INTO volume (ordinal, id, backend, pool, name,"
                                                    + " description, labels, size_bytes, created_at,"
                                                    + " location, snapshot_count) VALUES (NEXT VALUE FOR"
                                                    + " ordinal, ?, ?, 'default', 'bare', '', '', ?, 1,"
                                                    + " '/srv/cairn/volumes/bare', 0)");
                            insert.setObject(1, volume);
                            insert.setString(2, backend);
                            insert.setLong(3, House.VOLUME_BYTES);
                            insert.executeUpdate();
                            PreparedStatement count =
                                    statements.prepare(
                                            "INSERT INTO backend_count VALUES (?, 1, 0)");
                            count.setString(1, backend);
                            count.executeUpdate();
                            PreparedStatement pool =
                                    statements.prepare(
                                            "INSERT INTO pool_count VALUES (?, 'default', 1, 0, ?)");
                            pool.setString(1, backend);
                            pool.setLong(2, House.VOLUME_BYTES);
                            pool.executeUpdate();
                            return true;
                        });
    }

    private static void rows(StateStore store, UUID volume, String backend, int existing)
            throws StoreException {
        for (int first = 0; first < existing; first += ROWS_PER_COMMIT) {
            int from = first;
            int count = Math.min(ROWS_PER_COMMIT, existing - first);
            boolean _ =
                    store.commit(
                            statements -> {
                                PreparedStatement rows =
                                        statements.prepare(
                                                "INSERT INTO snapshot (id, ordinal, backend, volume_id,"
                                                        + " name, description, labels, size_bytes, created_at,"
                                                        + " location) SELECT UUID(), NEXT VALUE FOR"
                                                        + " ordinal, CAST(? AS VARCHAR(63)), CAST(? AS"
                                                        + " UUID), 's' || n, '', '', 1048576, n + 1,"
                                                        + " '/srv/cairn/volumes/seed/' || n FROM"
                                                        + " UNNEST(SEQUENCE_ARRAY(CAST(? AS INTEGER),"
                                                        + " CAST(? AS INTEGER), 1)) AS t(n)");
                                rows.setString(1, backend);
                                rows.setString(2, volume.toString());
                                rows.setInt(3, from);
                                rows.setInt(4, from + count - 1);
                                rows.executeUpdate();
                                PreparedStatement ofVolume =
                                        statements.prepare(
                                                "UPDATE volume SET snapshot_count = snapshot_count + ?"
                                                        + " WHERE id = ?");
                                ofVolume.setLong(1, count);
                                ofVolume.setObject(2, volume);
                                ofVolume.executeUpdate();
                                PreparedStatement ofBackend =
                                        statements.prepare(
                                                "UPDATE backend_count SET snapshots = snapshots + ?"
                                                        + " WHERE backend = ?");
                                ofBackend.setLong(1, count);
                                ofBackend.setString(2, backend);
                                ofBackend.executeUpdate();
                                PreparedStatement ofPool =
                                        statements.prepare(
                                                "UPDATE pool_count SET snapshots = snapshots + ? WHERE"
                                                        + " backend = ?");
                                ofPool.setLong(1, count);
                                ofPool.setString(2, backend);
                                ofPool.executeUpdate();
                                return true;
                            });
        }
    }
}
