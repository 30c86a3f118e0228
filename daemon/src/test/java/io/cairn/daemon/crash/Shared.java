package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;
import static io.cairn.daemon.crash.Requests.snapshot;
import static io.cairn.daemon.crash.Requests.volume;

import java.io.IOException;
import java.util.Random;
import java.util.Set;

/**
 * A few volumes and snapshots that every client makes and deletes, so that their ids are not known.
 * Nobody writes to them, so they are always zeroes.
 */
final class Shared {
    /** Begins the names of the volumes. */
    static final String PREFIX = "shared-";

    private static final Set<String> REFUSALS = Set.of("NOT_FOUND", "CONFLICT", "IN_USE");

    private final Records records;
    private final Requests requests;
    private final Random random;

    Shared(Records records, Random random) {
        this.records = records;
        this.requests = new Requests(records);
        this.random = random;
    }

    void use(Management daemon) throws IOException {
        String name = PREFIX + random.nextInt(2);
        String snapshot = "s" + random.nextInt(2);
        boolean _ =
                switch (random.nextInt(6)) {
                    case 0, 1 -> create(daemon, name);
                    case 2 ->
                            requests.done(
                                    records.ledger.deletes(name),
                                    REFUSALS,
                                    () -> daemon.invoke(volume(name), "delete", name));
                    case 3 ->
                            requests.done(
                                    records.ledger.deletes(Records.key(name, snapshot)),
                                    REFUSALS,
                                    () ->
                                            daemon.invoke(
                                                    snapshot(name, snapshot), "delete", snapshot));
                    default -> cut(daemon, name, snapshot);
                };
    }

    private boolean create(Management daemon, String name) throws IOException {
        return requests.done(
                records.ledger.creates(name),
                REFUSALS,
                () ->
                        Requests.expect(
                                volume(name),
                                daemon.invoke(
                                        Management.backend(BACKEND),
                                        "createVolume",
                                        name,
                                        Making.SIZE_BYTES + "B")));
    }

    private boolean cut(Management daemon, String name, String snapshot) throws IOException {
        return requests.done(
                records.ledger.creates(Records.key(name, snapshot)),
                REFUSALS,
                () ->
                        Requests.expect(
                                snapshot(name, snapshot),
                                daemon.invoke(volume(name), "createSnapshot", snapshot)));
    }
}
