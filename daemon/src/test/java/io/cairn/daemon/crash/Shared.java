package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;
import static io.cairn.daemon.crash.Requests.snapshot;
import static io.cairn.daemon.crash.Requests.volume;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A few volumes and snapshots that every client makes and deletes, so that their ids are not known.
 * Nobody writes to them, so they are always zeroes.
 */
final class Shared {
    /** Begins the names of the volumes. */
    static final String PREFIX = "shared-";

    /**
     * Begins the names of snapshots that are only ever cut of all of these volumes at once, each
     * but once, and not deleted before the daemon was killed.
     */
    private static final String GROUP = "group";

    private static final int VOLUMES = 2;
    private static final int GROUP_NAMES = 1_000_000;

    /** As many groups each client cuts until the daemon is killed. */
    private static final int GROUPS = 2;

    private static final Set<String> REFUSALS = Set.of("NOT_FOUND", "CONFLICT", "IN_USE");

    private final Records records;
    private final Requests requests;
    private final Random random;
    private int groups;

    Shared(Records records, Requests requests, Random random) {
        this.records = records;
        this.requests = requests;
        this.random = random;
    }

    /** The daemon was started anew. */
    void begin() {
        groups = 0;
    }

    void use(Management daemon) throws IOException {
        String name = PREFIX + random.nextInt(VOLUMES);
        String snapshot = "s" + random.nextInt(2);
        boolean _ =
                switch (random.nextInt(8)) {
                    case 0, 1 -> create(daemon, name);
                    case 2 ->
                            requests.done(
                                    records.ledger.deletes(name),
                                    REFUSALS,
                                    () -> daemon.invoke(volume(name), "delete", name));
                    case 3 -> delete(daemon, name, snapshot);
                    case 4 -> deleteGroup(daemon);
                    case 5 -> cutGroup(daemon);
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

    private boolean delete(Management daemon, String name, String snapshot) throws IOException {
        return requests.done(
                records.ledger.deletes(Records.key(name, snapshot)),
                REFUSALS,
                () -> daemon.invoke(snapshot(name, snapshot), "delete", snapshot));
    }

    /** What the members of a group are called here. */
    private static List<String> keys(String group) {
        return volumes().map(volume -> Records.key(volume, group)).toList();
    }

    /** The same of all groups of which any member is among these. */
    static List<List<String>> groups(Set<String> keys) {
        return keys.stream()
                .filter(key -> key.startsWith(PREFIX) && key.contains("/" + GROUP))
                .map(key -> key.substring(key.indexOf('/') + 1))
                .distinct()
                .map(Shared::keys)
                .toList();
    }

    private static Stream<String> volumes() {
        return IntStream.range(0, VOLUMES).mapToObj(each -> PREFIX + each);
    }

    /** Deletes one that was there when the daemon started, a member after the other. */
    private boolean deleteGroup(Management daemon) throws IOException {
        List<List<String>> all = groups(records.ledger.begunWith());
        if (all.isEmpty()) {
            return false;
        }
        String key = all.get(random.nextInt(all.size())).getFirst();
        String group = key.substring(key.indexOf('/') + 1);
        boolean done = true;
        for (String volume : volumes().toList()) {
            done &= delete(daemon, volume, group);
        }
        return done;
    }

    private boolean cutGroup(Management daemon) throws IOException {
        if (groups == GROUPS) {
            return false;
        }
        String group = GROUP + random.nextInt(GROUP_NAMES);
        boolean done =
                requests.done(
                        keys(group).stream().map(records.ledger::creates).toList(),
                        REFUSALS,
                        () ->
                                Requests.expect(
                                        volumes()
                                                .map(volume -> snapshot(volume, group).toString())
                                                .collect(Collectors.joining("\n")),
                                        daemon.invoke(
                                                Management.backend(BACKEND),
                                                "createGroupSnapshot",
                                                volumes().collect(Collectors.joining(",")),
                                                group,
                                                "")));
        groups += done ? 1 : 0;
        records.count("cut together", done);
        return done;
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
