package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;
import static io.cairn.daemon.crash.Requests.snapshot;
import static io.cairn.daemon.crash.Requests.volume;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What a client deleted since the daemon was started, as it was then. It may be in the trash, and
 * is brought back from there or deleted for good.
 */
final class Thrown {
    private static final ObjectName FILES = Management.backend(BACKEND);

    /**
     * A volume or a snapshot.
     *
     * @param of the volume, without snapshots, or that of the snapshot
     * @param name the snapshot's; empty for a volume
     */
    private record Item(String id, Own of, String name) {
        boolean isVolume() {
            return name.isEmpty();
        }
    }

    private final Records records;
    private final Requests requests;
    private final Random random;
    private final List<Item> items = new ArrayList<>();

    Thrown(Records records, Requests requests, Random random) {
        this.records = records;
        this.requests = requests;
        this.random = random;
    }

    /** The daemon was started anew, and its trash emptied. */
    void begin() {
        items.clear();
    }

    boolean any() {
        return !items.isEmpty();
    }

    /** A volume was deleted, with all of its snapshots. */
    void add(Own volume) {
        volume.snapshots().forEach((name, id) -> add(volume, name, id));
        Own bare =
                new Own(
                        volume.id(),
                        volume.name(),
                        volume.text(),
                        volume.sizeBytes(),
                        new TreeMap<>(),
                        false,
                        false);
        add(new Item(volume.id(), bare, ""));
    }

    /** A snapshot was deleted. */
    void add(Own volume, String snapshot, String id) {
        add(new Item(id, volume, snapshot));
    }

    private void add(Item item) {
        items.add(item);
        records.thrown(item.id());
    }

    /** Its snapshots are in the trash no more, or its volume is gone for good. */
    void forgetSnapshotsOf(String volume) {
        items.removeIf(item -> !item.isVolume() && item.of().id().equals(volume));
    }

    /**
     * Does something with any of them, of which there must be one.
     *
     * @param volumes those that there are, by their names
     * @param free a name that no volume has, if there may be one more
     * @return the volume that is there more, or has one more snapshot
     */
    Optional<Own> use(Management daemon, Map<String, Own> volumes, Optional<String> free)
            throws JMException, IOException {
        Item item = items.get(random.nextInt(items.size()));
        if (random.nextInt(4) == 0) {
            purge(daemon, item);
            return Optional.empty();
        }
        if (item.isVolume()) {
            return free.isPresent() ? restore(daemon, item, free.get(), volumes) : Optional.empty();
        }
        Optional<Own> of =
                volumes.values().stream()
                        .filter(each -> each.id().equals(item.of().id()))
                        .findFirst();
        return of.isPresent() && !of.get().snapshots().containsKey(item.name())
                ? restore(daemon, item, of.get())
                : Optional.empty();
    }

    private Optional<Own> restore(
            Management daemon, Item item, String name, Map<String, Own> volumes)
            throws JMException, IOException {
        if (!restored(
                item,
                Changing.title(name, item.of().text()),
                () -> Requests.expect(volume(name), invoke(daemon, "restore", item.id(), name)))) {
            return Optional.empty();
        }
        Optional<String> source = records.source(item.id());
        if (source.isPresent()) {
            String told = daemon.text(volume(name), "Origin");
            if (!told.contains(source.get()) && !told.equals(called(source.get(), volumes))) {
                records.problems.add(
                        "%s was made from %s, and says since it came back from the trash: %s"
                                .formatted(item.of(), source.get(), told));
            }
        }
        records.count("restored volumes", true);
        return Optional.of(item.of().named(name));
    }

    /** How a volume says what it was made from, if that is there. */
    private static String called(String source, Map<String, Own> volumes) {
        for (Own each : volumes.values()) {
            if (each.id().equals(source)) {
                return "volume " + each.name();
            }
            for (Map.Entry<String, String> snapshot : each.snapshots().entrySet()) {
                if (snapshot.getValue().equals(source)) {
                    return "snapshot %s of volume %s".formatted(snapshot.getKey(), each.name());
                }
            }
        }
        return "of what is not there";
    }

    private Optional<Own> restore(Management daemon, Item item, Own of) throws IOException {
        if (!restored(
                item,
                Changing.title(item.name(), ""),
                () ->
                        Requests.expect(
                                snapshot(of.name(), item.name()),
                                invoke(daemon, "restore", item.id(), item.name())))) {
            return Optional.empty();
        }
        of.snapshots().put(item.name(), item.id());
        records.count("restored snapshots", true);
        return Optional.of(of);
    }

    /** Whether it was there still, and was brought back. */
    private boolean restored(Item item, String title, Requests.Request request) throws IOException {
        Versions.Version version =
                records.versions.asking(Versions.key(item.id(), Changing.TITLE), title);
        boolean done =
                requests.done(
                        records.ledger.creates(item.id()), records.refusalsOfTrash(), request);
        if (done) {
            version.done();
        }
        items.remove(item);
        return done;
    }

    private void purge(Management daemon, Item item) throws IOException {
        items.remove(item);
        records.purging(item.id());
        if (item.isVolume()) {
            items.stream()
                    .filter(each -> each.of().id().equals(item.id()))
                    .forEach(each -> records.purging(each.id()));
            forgetSnapshotsOf(item.id());
        }
        boolean done =
                requests.done(
                        records.ledger.deletes(item.id()),
                        records.refusalsOfTrash(),
                        () -> invoke(daemon, "purge", item.id(), item.id()));
        if (done) {
            records.purged(item.id());
            // What was acknowledged to be gone does not come back.
            boolean back =
                    requests.answers(
                            Set.of("NOT_FOUND"), () -> invoke(daemon, "restore", item.id(), ""));
            if (back) {
                records.problems.add(item + " came back though it was deleted for good");
            }
        }
        records.count("purged", done);
    }

    private static String invoke(Management daemon, String operation, String... arguments)
            throws JMException, IOException {
        return daemon.invoke(FILES, operation, arguments);
    }
}
