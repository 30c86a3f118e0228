package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import io.cairn.daemon.crash.Ledger.Attempt;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;

import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * One client: does anything to volumes of its own, of which it knows all, and to a few that every
 * client uses, until the daemon is killed.
 */
final class Client {
    static final long SIZE_BYTES = 256L << 10;

    /** Begins the names of what all clients use. Nobody writes to it, so it is always zeroes. */
    static final String SHARED = "shared-";

    private static final int VOLUMES = 3;
    private static final int SNAPSHOTS = 5;

    private final Records records;
    private final String prefix;
    private final Random random;
    private final boolean syncs;
    private final boolean attaches;
    private final Changing changing;
    private final Map<String, Own> volumes = new TreeMap<>();

    /** A volume of this client's, and its snapshots' ids by their names. */
    private record Own(
            String id, long sizeBytes, Map<String, String> snapshots, boolean connected) {
        Own(String id, long sizeBytes) {
            this(id, sizeBytes, new TreeMap<>(), false);
        }

        Own ofSize(long bytes) {
            return new Own(id, bytes, snapshots, connected);
        }

        Own connected(boolean isConnected) {
            return new Own(id, sizeBytes, snapshots, isConnected);
        }
    }

    /**
     * @param syncs whether it waits until what it wrote is on the disk
     * @param attaches whether volumes can be attached here and still be snapshotted
     */
    Client(int number, Records records, Random random, boolean syncs, boolean attaches) {
        this.records = records;
        this.prefix = "client" + number + "-";
        this.random = random;
        this.syncs = syncs;
        this.attaches = attaches;
        this.changing = new Changing(records, random);
    }

    /** Learns what there is of its own after a start. */
    void see(Found found) {
        volumes.clear();
        found.volumes()
                .forEach(
                        (name, item) -> {
                            if (name.startsWith(prefix)) {
                                volumes.put(
                                        name,
                                        new Own(
                                                item.id(),
                                                item.sizeBytes(),
                                                found.snapshotsOf(name),
                                                item.connected()));
                            }
                        });
    }

    /** Works until the connection ends, which it must not do by itself. */
    void work(Callable<Management> connecting) throws Exception {
        try (Management daemon = connecting.call()) {
            while (!records.isKilling()) {
                step(daemon);
            }
        } catch (IOException e) {
            if (!records.isKilling()) {
                throw e;
            }
        }
    }

    private void step(Management daemon) throws JMException, IOException {
        if (random.nextInt(5) == 0) {
            useShared(daemon);
            return;
        }
        String name = prefix + random.nextInt(VOLUMES);
        Own own = volumes.get(name);
        if (own == null) {
            boolean made =
                    switch (random.nextInt(4)) {
                        case 0 -> cloneTo(daemon, name);
                        case 1 -> copyTo(daemon, name);
                        default -> false;
                    };
            if (!made) {
                create(daemon, name);
            }
            return;
        }
        String snapshot = "s" + random.nextInt(SNAPSHOTS);
        boolean there = own.snapshots.containsKey(snapshot);
        switch (random.nextInt(12)) {
            case 0, 1 -> {
                Path image = Path.of(daemon.text(volume(name), "Location"));
                records.write(own.id, image, syncs);
            }
            case 2 -> {
                boolean free = own.snapshots.isEmpty() && !own.connected;
                if (ask(
                        records.ledger.deletes(name),
                        free ? Set.of() : Set.of("IN_USE"),
                        () -> daemon.invoke(volume(name), "delete", name))) {
                    volumes.remove(name);
                }
            }
            case 3 -> repeat(daemon, name, own, snapshot);
            case 4, 5 -> {
                if (there && delete(daemon, name, snapshot, Set.of())) {
                    own.snapshots.remove(snapshot);
                }
            }
            case 6, 7 -> {
                if (!there) {
                    cut(daemon, name, own, snapshot);
                }
            }
            default -> change(daemon, name, own, snapshot);
        }
    }

    private void change(Management daemon, String name, Own own, String snapshot)
            throws IOException {
        switch (random.nextInt(4)) {
            case 0 ->
                    volumes.put(
                            name, own.ofSize(changing.extend(daemon, name, own.id, own.sizeBytes)));
            case 1 -> changing.describe(daemon, name, own.id);
            case 2 -> {
                String to = own.snapshots.get(snapshot);
                if (to != null && !own.connected) {
                    changing.revert(daemon, name, own.id, snapshot, to);
                }
            }
            default -> {
                if (own.connected) {
                    boolean gone = changing.cleanUp(daemon, name, own.id);
                    volumes.put(name, own.connected(!gone));
                } else if (attaches) {
                    boolean _ = changing.attach(daemon, name, own.id);
                    volumes.put(name, own.connected(true));
                }
            }
        }
    }

    private void create(Management daemon, String name) throws JMException, IOException {
        String id = UUID.randomUUID().toString();
        records.asking(id, name, Content.zeroes(SIZE_BYTES));
        if (ask(records.ledger.creates(name), Set.of(), () -> createAs(daemon, name, id))) {
            volumes.put(name, new Own(id, SIZE_BYTES));
        }
    }

    private static void createAs(Management daemon, String name, String id)
            throws JMException, IOException {
        expect(
                volume(name),
                daemon.invoke(
                        Management.backend(BACKEND),
                        "createVolumeWith",
                        name,
                        SIZE_BYTES + "B",
                        "id=" + id));
    }

    /** Makes a volume from any snapshot of this client's, if there is one. */
    private boolean cloneTo(Management daemon, String name) throws JMException, IOException {
        List<String[]> sources = new ArrayList<>();
        volumes.forEach(
                (volume, own) ->
                        own.snapshots.forEach(
                                (snapshot, id) ->
                                        sources.add(new String[] {volume, snapshot, id})));
        if (sources.isEmpty()) {
            return false;
        }
        String[] source = sources.get(random.nextInt(sources.size()));
        Content content = records.content(source[2]);
        long size = content.sizeBytes() + (random.nextInt(4) == 0 ? 4096 : 0);
        String id = UUID.randomUUID().toString();
        records.asking(id, name, content.in(size));
        if (ask(
                records.ledger.creates(name),
                Set.of(),
                () ->
                        expect(
                                volume(name),
                                daemon.invoke(
                                        snapshot(source[0], source[1]),
                                        "createVolumeWith",
                                        name,
                                        "id=" + id + ",size=" + size + "B")))) {
            volumes.put(name, new Own(id, size));
        }
        return true;
    }

    /** Makes a volume from any volume of this client's, if there is one. */
    private boolean copyTo(Management daemon, String name) throws JMException, IOException {
        List<String> sources = List.copyOf(volumes.keySet());
        if (sources.isEmpty()) {
            return false;
        }
        String source = sources.get(random.nextInt(sources.size()));
        Own own = Objects.requireNonNull(volumes.get(source));
        String id = UUID.randomUUID().toString();
        records.asking(id, name, records.content(own.id).in(own.sizeBytes));
        if (ask(
                records.ledger.creates(name),
                Set.of(),
                () ->
                        expect(
                                volume(name),
                                daemon.invoke(
                                        volume(source), "cloneVolumeWith", name, "id=" + id)))) {
            volumes.put(name, new Own(id, own.sizeBytes));
        }
        return true;
    }

    private void cut(Management daemon, String name, Own own, String snapshot)
            throws JMException, IOException {
        String id = UUID.randomUUID().toString();
        records.asking(id, Records.key(name, snapshot), records.content(own.id).in(own.sizeBytes));
        if (ask(
                records.ledger.creates(Records.key(name, snapshot)),
                Set.of(),
                () -> cutAs(daemon, name, snapshot, id))) {
            own.snapshots.put(snapshot, id);
        }
    }

    private static void cutAs(Management daemon, String volume, String name, String id)
            throws JMException, IOException {
        expect(
                snapshot(volume, name),
                daemon.invoke(volume(volume), "createSnapshotWith", name, "id=" + id));
    }

    /** Asks once more for a snapshot that is there: nothing is cut again. */
    private void repeat(Management daemon, String name, Own own, String snapshot)
            throws JMException, IOException {
        String id = own.snapshots.get(snapshot);
        if (id != null) {
            ask(
                    records.ledger.creates(Records.key(name, snapshot)),
                    Set.of(),
                    () -> cutAs(daemon, name, snapshot, id));
        }
    }

    private boolean delete(Management daemon, String volume, String name, Set<String> refusals)
            throws JMException, IOException {
        return ask(
                records.ledger.deletes(Records.key(volume, name)),
                refusals,
                () -> daemon.invoke(snapshot(volume, name), "delete", name));
    }

    private void useShared(Management daemon) throws JMException, IOException {
        String name = SHARED + random.nextInt(2);
        String snapshot = "s" + random.nextInt(2);
        Set<String> refusals = Set.of("NOT_FOUND", "CONFLICT", "IN_USE");
        boolean _ =
                switch (random.nextInt(6)) {
                    case 0, 1 ->
                            ask(
                                    records.ledger.creates(name),
                                    refusals,
                                    () ->
                                            expect(
                                                    volume(name),
                                                    daemon.invoke(
                                                            Management.backend(BACKEND),
                                                            "createVolume",
                                                            name,
                                                            SIZE_BYTES + "B")));
                    case 2 ->
                            ask(
                                    records.ledger.deletes(name),
                                    refusals,
                                    () -> daemon.invoke(volume(name), "delete", name));
                    case 3 -> delete(daemon, name, snapshot, refusals);
                    default ->
                            ask(
                                    records.ledger.creates(Records.key(name, snapshot)),
                                    refusals,
                                    () ->
                                            expect(
                                                    snapshot(name, snapshot),
                                                    daemon.invoke(
                                                            volume(name),
                                                            "createSnapshot",
                                                            snapshot)));
                };
    }

    private interface Asking {
        void ask() throws JMException, IOException;
    }

    /**
     * Asks, and notes the answer.
     *
     * @param refusals what else than success is right
     * @return whether it was done
     */
    private boolean ask(Attempt attempt, Set<String> refusals, Asking asking) throws IOException {
        records.asked.incrementAndGet();
        try {
            asking.ask();
            attempt.done();
            records.acknowledged.incrementAndGet();
            if (refusals.equals(Set.of("IN_USE"))) {
                records.problems.add("a volume that has snapshots could be deleted");
            }
            return true;
        } catch (JMException e) {
            String message = String.valueOf(e.getMessage());
            String code =
                    e instanceof InstanceNotFoundException ? "NOT_FOUND" : message.split(":", 2)[0];
            if (refusals.contains(code)) {
                attempt.refused();
            } else {
                records.problems.add("a client was refused: " + message);
            }
            return false;
        }
    }

    private static void expect(ObjectName wanted, String returned) {
        if (!returned.equals(wanted.toString())) {
            throw new AssertionError("%s was returned for %s".formatted(returned, wanted));
        }
    }

    private static ObjectName volume(String name) {
        return Management.volume(BACKEND, name);
    }

    private static ObjectName snapshot(String volume, String name) {
        return Management.snapshot(BACKEND, volume, name);
    }
}
