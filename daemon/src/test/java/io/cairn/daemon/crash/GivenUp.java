package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;
import static io.cairn.daemon.crash.Requests.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

import javax.management.JMException;
import javax.management.MBeanException;

/**
 * The volumes that a client gave up: files in the backend's folder, until it takes them over again.
 * It does so by the ids that they had, so that each is followed through all of its places.
 */
final class GivenUp {
    /** Begins, in place of a name that a volume could have, what is said of a file. */
    static final String HERE = "./";

    private static final int MOST = 2;

    private final Path backend;
    private final Records records;
    private final Requests requests;
    private final Random random;
    private final SortedMap<String, Found.Item> files = new TreeMap<>();

    GivenUp(Path backend, Records records, Requests requests, Random random) {
        this.backend = backend;
        this.records = records;
        this.requests = requests;
        this.random = random;
    }

    /** Learns which there are after a start. */
    void see(Found found, String prefix) {
        files.clear();
        for (Found.Item file : found.files().values()) {
            if (file.name().contains(prefix)) {
                files.put(file.id(), file);
            }
        }
    }

    boolean any() {
        return !files.isEmpty();
    }

    boolean full() {
        return files.size() >= MOST;
    }

    /** Gives a volume up if it is free, and asks in vain if not; returns whether it is given up. */
    boolean giveUp(Management daemon, Own own) throws IOException {
        String file = records.layout().givenUp(own.name(), own.id());
        Requests.Request request = () -> Requests.expect(file, unmanage(daemon, own));
        if (!own.free()) {
            boolean _ = requests.refusedInUse("given up", request);
            return false;
        }
        Found.Item item = Found.Item.ofFile(own.id(), HERE + file, own.sizeBytes());
        Versions.Version unlabelled =
                records.versions.asking(Versions.key(own.id(), Changing.LABELS), item.labels());
        records.givingUp(own.id());
        boolean done = requests.set(Versions.key(own.id(), Changing.TITLE), item.title(), request);
        if (done) {
            unlabelled.done();
            files.put(own.id(), item);
        }
        records.count("given up", done);
        return done;
    }

    /** Its snapshots are not to be in the trash any more then. */
    private String unmanage(Management daemon, Own own) throws JMException, IOException {
        try {
            return daemon.invoke(volume(own.name()), "unmanage", own.name());
        } catch (MBeanException e) {
            if (!String.valueOf(e.getMessage()).contains("snapshots in the trash")) {
                throw e;
            }
        }
        for (String id : daemon.trashed(BACKEND, own.id())) {
            records.purging(id);
            try {
                String _ = daemon.invoke(Management.backend(BACKEND), "purge", id, id);
            } catch (MBeanException e) {
                if (!String.valueOf(e.getMessage()).startsWith("NOT_FOUND: ")) {
                    throw e;
                }
                // Its time was over meanwhile.
            }
        }
        return daemon.invoke(volume(own.name()), "unmanage", own.name());
    }

    /** Takes any of them over, of which there must be one. */
    Optional<Own> takeOver(Management daemon, String name, String text) throws IOException {
        Found.Item item = choose();
        boolean done =
                requests.set(
                        Versions.key(item.id(), Changing.TITLE),
                        Changing.title(name, text),
                        () ->
                                Requests.expect(
                                        volume(name),
                                        daemon.invoke(
                                                Management.backend(BACKEND),
                                                "adoptWith",
                                                item.name().substring(HERE.length()),
                                                name,
                                                "id=%s,description=%s"
                                                        .formatted(item.id(), text))));
        records.count("taken over", done);
        if (!done) {
            if (requests.isDoubtful()) {
                files.remove(item.id());
            }
            return Optional.empty();
        }
        files.remove(item.id());
        return Optional.of(new Own(item.id(), name, text, item.sizeBytes()));
    }

    /** Overwrites any of them, of which there must be one. */
    void write(boolean sync) throws IOException {
        Found.Item item = choose();
        records.write(item.id(), backend.resolve(item.name()), sync);
    }

    private Found.Item choose() {
        List<String> ids = List.copyOf(files.keySet());
        return Objects.requireNonNull(files.get(ids.get(random.nextInt(ids.size()))));
    }
}
