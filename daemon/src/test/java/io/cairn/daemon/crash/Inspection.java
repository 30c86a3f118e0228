package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import io.cairn.daemon.crash.Found.Item;
import io.cairn.daemon.crash.Ledger.Loss;
import io.cairn.daemon.crash.Ledger.Verdict;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.management.JMException;
import javax.management.openmbean.CompositeData;

/**
 * Holds what a daemon at rest says, and what lies on its backend, against the clients' records. The
 * backend is looked at by its files alone.
 */
final class Inspection {
    private final Management daemon;
    private final Path backend;
    private final Records records;
    private final Loss loss;
    private final List<String> problems = new ArrayList<>();

    private Inspection(Management daemon, Path backend, Records records, Loss loss) {
        this.daemon = daemon;
        this.backend = backend;
        this.records = records;
        this.loss = loss;
    }

    /** Fails with everything that is wrong. */
    static Found inspect(Management daemon, Path backend, Records records, Loss loss)
            throws JMException, IOException {
        Inspection inspection = new Inspection(daemon, backend, records, loss);
        Found found = inspection.read();
        inspection.checkObjects(found, loss);
        inspection.checkCounts(found);
        inspection.checkFiles(found);
        inspection.checkProperties(found);
        inspection.checkDevices(found);
        inspection.checkContents(found);
        inspection.problems.addAll(records.problems);
        if (!inspection.problems.isEmpty()) {
            throw new AssertionError(String.join("\n", inspection.problems));
        }
        return found;
    }

    private Found read() throws JMException, IOException {
        Map<String, Item> volumes = new TreeMap<>();
        for (CompositeData row : daemon.rows("listVolumes")) {
            String attachState =
                    daemon.text(Management.volume(BACKEND, text(row, "name")), "AttachState");
            Item item = item(row, text(row, "name"), (Long) row.get("snapshotCount"), attachState);
            if (volumes.put(item.name(), item) != null) {
                problems.add("volume %s is listed twice".formatted(item.name()));
            }
        }
        Map<String, Item> snapshots = new TreeMap<>();
        for (CompositeData row : daemon.rows("listSnapshots")) {
            Item item = item(row, text(row, "volume"), 0, Changing.DETACHED);
            if ((Long) row.get("createdAtMs") > records.killedAtMillis()) {
                problems.add("%s was cut late, at %s".formatted(item, text(row, "createdAt")));
            }
            if (snapshots.put(Records.key(item.volume(), item.name()), item) != null) {
                problems.add(
                        "snapshot %s of %s is listed twice".formatted(item.name(), item.volume()));
            }
        }
        return new Found(volumes, snapshots);
    }

    private Item item(CompositeData row, String volume, long snapshots, String attachState) {
        String name = text(row, "name");
        String atRest = attachState.equals(Changing.DETACHED) ? "available" : "in-use";
        if (!text(row, "state").equals(atRest)) {
            problems.add("%s of %s is still %s".formatted(name, volume, text(row, "state")));
        }
        return new Item(
                text(row, "id"),
                volume,
                name,
                (Long) row.get("sizeBytes"),
                snapshots,
                text(row, "description"),
                attachState);
    }

    private void checkObjects(Found found, Loss loss) {
        Set<String> all = new TreeSet<>(records.ledger.keys());
        all.addAll(found.keys());
        for (String key : all) {
            boolean there = found.keys().contains(key);
            Verdict verdict = records.ledger.verdict(key, loss);
            if (there && verdict == Verdict.GONE) {
                problems.add(key + " is there, though nobody asked for it or it was deleted");
            } else if (!there && verdict == Verdict.THERE) {
                problems.add(key + " is lost, though its creation was acknowledged");
            }
        }
        Stream.concat(found.volumes().entrySet().stream(), found.snapshots().entrySet().stream())
                .filter(entry -> !entry.getKey().startsWith(Client.SHARED))
                .filter(entry -> !records.isAsked(entry.getValue().id(), entry.getKey()))
                .forEach(
                        entry ->
                                problems.add(
                                        "%s has the id %s that nobody asked for"
                                                .formatted(entry.getKey(), entry.getValue().id())));
    }

    private void checkCounts(Found found) throws JMException, IOException {
        for (var bean : List.of(Management.DAEMON, Management.backend(BACKEND))) {
            expect(
                    bean + " VolumeCount",
                    found.volumes().size(),
                    daemon.number(bean, "VolumeCount"));
            expect(
                    bean + " SnapshotCount",
                    found.snapshots().size(),
                    daemon.number(bean, "SnapshotCount"));
        }
        for (Item volume : found.volumes().values()) {
            expect(
                    volume.name() + " snapshotCount",
                    found.snapshotsOf(volume.name()).size(),
                    volume.snapshots());
        }
        for (Item snapshot : found.snapshots().values()) {
            if (!found.volumes().containsKey(snapshot.volume())) {
                problems.add("%s is of no volume".formatted(snapshot));
            }
        }
    }

    private void checkFiles(Found found) throws IOException {
        expect(
                "the backend's folder",
                Set.of("cairn.backend", "volumes", "snapshots"),
                names(backend));
        Set<String> volumes =
                found.volumes().values().stream().map(Item::id).collect(Collectors.toSet());
        expect("the folder of volumes", volumes, names(backend.resolve("volumes")));
        Set<String> snapshots =
                found.snapshots().values().stream().map(Item::id).collect(Collectors.toSet());
        expect("the folder of snapshots", snapshots, names(backend.resolve("snapshots")));
        for (Item volume : found.volumes().values()) {
            Set<String> files = new TreeSet<>(Set.of("volume.img"));
            found.snapshotsOf(volume.name()).values().forEach(id -> files.add(id + ".snap"));
            Path home = backend.resolve("volumes").resolve(volume.id());
            if (volumes.contains(volume.id()) && Files.exists(home)) {
                expect("the folder of " + volume.name(), files, names(home));
            }
        }
    }

    /** The sizes are looked at with the contents. */
    private void checkProperties(Found found) {
        for (Item volume : found.volumes().values()) {
            String device = volume.connected() ? Changing.ATTACHED : Changing.DETACHED;
            expectOneOf(
                    "the description of " + volume.name(),
                    records.versions.possible(Versions.key(volume.id(), Changing.TEXT), "", loss),
                    volume.description());
            expectOneOf(
                    "the device of " + volume.name(),
                    records.versions.possible(
                            Versions.key(volume.id(), Changing.DEVICE), Changing.DETACHED, loss),
                    device);
        }
    }

    /** What is attached has a device, and nothing else of the backend has one. */
    private void checkDevices(Found found) throws IOException {
        Set<Path> wanted =
                found.volumes().values().stream()
                        .filter(volume -> volume.attachState().equals(Changing.ATTACHED))
                        .map(volume -> home(volume).resolve("volume.img"))
                        .collect(Collectors.toCollection(TreeSet::new));
        expect("the files with devices", wanted, Devices.below(backend).keySet());
    }

    private void checkContents(Found found) throws IOException {
        for (Item volume : found.volumes().values()) {
            checkContent(volume, volume.name(), home(volume).resolve("volume.img"));
        }
        for (Map.Entry<String, Item> entry : found.snapshots().entrySet()) {
            Item snapshot = entry.getValue();
            Item volume = found.volumes().get(snapshot.volume());
            if (volume != null) {
                Path file = home(volume).resolve(snapshot.id() + ".snap");
                checkContent(snapshot, entry.getKey(), file);
                if (Files.exists(file) && !Files.getAttribute(file, "unix:nlink").equals(2)) {
                    problems.add("%s has not just two names".formatted(file));
                }
            }
        }
    }

    private void checkContent(Item item, String key, Path file) throws IOException {
        boolean shared = key.startsWith(Client.SHARED);
        if (!Files.exists(file) || !(shared || records.isAsked(item.id(), key))) {
            return;
        }
        Content content = shared ? Content.zeroes(Client.SIZE_BYTES) : records.content(item.id());
        Set<String> sizes =
                records.versions.possible(
                        Versions.key(item.id(), Changing.SIZE),
                        Long.toString(shared ? content.sizeBytes() : records.firstBytes(item.id())),
                        loss);
        expectOneOf("the size of " + key, sizes, Long.toString(item.sizeBytes()));
        Content whole = content.resized(item.sizeBytes());
        Optional<String> problem = whole.problemOf(file);
        Optional<Content> other =
                records.other(item.id(), loss).map(to -> to.resized(item.sizeBytes()));
        if (problem.isPresent() && other.isPresent() && other.get().problemOf(file).isEmpty()) {
            whole = other.get();
            problem = Optional.empty();
        }
        problem.ifPresent(text -> problems.add("%s (%s): %s".formatted(key, file, text)));
        if (!shared) {
            records.found(item.id(), whole.durableSince(Content.WITH_THE_OBJECT));
        }
    }

    private Path home(Item volume) {
        return backend.resolve("volumes").resolve(volume.id());
    }

    private void expect(String what, Object wanted, Object found) {
        if (!wanted.equals(found)) {
            problems.add("%s: %s instead of %s".formatted(what, found, wanted));
        }
    }

    private void expectOneOf(String what, Set<String> wanted, String found) {
        if (!wanted.contains(found)) {
            problems.add("%s: %s instead of %s".formatted(what, found, wanted));
        }
    }

    private void expect(String what, long wanted, long found) {
        expect(what, (Object) wanted, found);
    }

    private static Set<String> names(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.toFile().getName())
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static String text(CompositeData row, String item) {
        return String.valueOf(row.get(item));
    }
}
