package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import io.cairn.daemon.crash.Found.Item;
import io.cairn.daemon.crash.Ledger.Loss;
import io.cairn.daemon.crash.Ledger.Verdict;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

import javax.management.JMException;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** Holds what a daemon at rest says, and what lies on its backend, against the clients' records. */
final class Inspection {
    /** How long it is waited for a check, each time. */
    private static final long CHECK_NANOS = 20_000_000;

    private final Management daemon;
    private final Records records;
    private final Loss loss;
    private final boolean devicesEnded;
    private final Problems problems = new Problems();

    private Inspection(Management daemon, Records records, Loss loss, boolean devicesEnded) {
        this.daemon = daemon;
        this.records = records;
        this.loss = loss;
        this.devicesEnded = devicesEnded;
    }

    /**
     * Fails with everything that is wrong.
     *
     * @param trashed what was in the trash when the daemon had started, by its ids
     * @param devicesEnded whether this host's devices ended since the last look
     */
    static Found inspect(
            Management daemon,
            Path backend,
            Records records,
            Loss loss,
            boolean devicesEnded,
            Set<String> trashed)
            throws JMException, IOException {
        Inspection inspection = new Inspection(daemon, records, loss, devicesEnded);
        Storage storage = records.layout().storage(backend, records, loss, inspection.problems);
        Found found = inspection.read(storage.givenUp());
        inspection.checkObjects(found);
        inspection.checkGroups(found);
        inspection.checkDeleted(found);
        inspection.checkTrash(found, trashed);
        inspection.checkValues(found);
        inspection.checkCounts(found);
        inspection.checkProperties(found);
        storage.check(found);
        inspection.checkDrift();
        inspection.problems.addAll(records.problems);
        inspection.problems.refuse();
        return found;
    }

    private Found read(Map<String, Item> givenUp) throws JMException, IOException {
        Map<String, Item> volumes = new TreeMap<>();
        Map<String, String> ids = new TreeMap<>();
        for (CompositeData row : daemon.rows("listVolumes")) {
            String name = text(row, "name");
            String attachState = daemon.text(Requests.volume(name), "AttachState");
            Item item =
                    item(
                            row,
                            text(row, "id"),
                            name,
                            (Long) row.get("snapshotCount"),
                            attachState,
                            daemon.text(Requests.volume(name), "Labels"),
                            daemon.number(Requests.volume(name), "HoldCount") > 0);
            Item other = volumes.put(item.id(), item);
            if (ids.put(name, item.id()) != null || other != null) {
                problems.add("volume %s, or its id, is listed twice".formatted(item));
            }
        }
        Map<String, Item> snapshots = new TreeMap<>();
        Set<String> names = new TreeSet<>();
        for (CompositeData row : daemon.rows("listSnapshots")) {
            String volume = text(row, "volume");
            Item item =
                    item(
                            row,
                            ids.getOrDefault(volume, "of none"),
                            volume,
                            0,
                            Changing.DETACHED,
                            "",
                            false);
            if ((Long) row.get("createdAtMs") > records.killedAtMillis()) {
                problems.add("%s was cut late, at %s".formatted(item, text(row, "createdAt")));
            }
            Item other = snapshots.put(item.id(), item);
            if (!names.add(Records.key(volume, item.name())) || other != null) {
                problems.add("snapshot %s, or its id, is listed twice".formatted(item));
            }
        }
        return new Found(volumes, snapshots, daemon.values(), givenUp);
    }

    private Item item(
            CompositeData row,
            String volume,
            String volumeName,
            long snapshots,
            String attachState,
            String labels,
            boolean held) {
        String name = text(row, "name");
        String atRest = attachState.equals(Changing.DETACHED) ? "available" : "in-use";
        if (!text(row, "state").equals(atRest)) {
            problems.add("%s of %s is still %s".formatted(name, volumeName, text(row, "state")));
        }
        return new Item(
                text(row, "id"),
                volume,
                volumeName,
                name,
                (Long) row.get("sizeBytes"),
                snapshots,
                text(row, "description"),
                attachState,
                labels,
                held);
    }

    private void checkObjects(Found found) {
        Map<String, Item> items = found.byKey();
        for (Item file : found.files().values()) {
            if (found.volumes().containsKey(file.id())) {
                problems.add(file + " is there, and is a volume too");
            }
        }
        Set<String> all = new TreeSet<>(records.ledger.keys());
        all.addAll(items.keySet());
        for (String key : all) {
            Item item = items.get(key);
            Verdict verdict = records.ledger.verdict(key, loss);
            if (item != null && verdict == Verdict.GONE) {
                problems.add(item + " is there, though nobody asked for it or it was deleted");
            } else if (item == null && verdict == Verdict.THERE) {
                problems.add(
                        "%s (first %s) is lost, though its creation was acknowledged"
                                .formatted(key, records.firstTitle(key)));
            } else if (item != null && !item.shared()) {
                problems.expect(
                        "the volume of " + item, records.volumeOf(item.id()), item.volume());
            }
        }
    }

    /** The daemon's own look at its backend finds nothing either. */
    private void checkDrift() throws JMException, IOException {
        ObjectName backend = Management.backend(BACKEND);
        String said = daemon.invoke(backend, "checkBackend");
        while (daemon.text(backend, "CheckState").equals("running")) {
            LockSupport.parkNanos(CHECK_NANOS);
        }
        problems.expect("the state of the check", "done", daemon.text(backend, "CheckState"));
        // What was attached when the host's devices ended may not be known to be lost yet.
        List<String> counts =
                devicesEnded
                        ? List.of("Missing", "Orphaned", "Foreign", "Unreadable")
                        : List.of("Drift");
        for (String count : counts) {
            if (daemon.number(backend, count + "Count") > 0) {
                problems.add("drift: %s%n%s".formatted(said, daemon.text(backend, "DriftText")));
                return;
            }
        }
    }

    /** What is cut together is there together. */
    private void checkGroups(Found found) {
        Set<String> there = found.byKey().keySet();
        for (List<String> group : Shared.groups(there)) {
            List<String> left = group.stream().filter(there::contains).toList();
            if (left.size() < group.size() && records.ledger.areTogether(group, loss)) {
                problems.add("of the group %s only %s is there".formatted(group, left));
            }
        }
    }

    /** What was deleted is remembered, and what is there is not said to be deleted. */
    private void checkDeleted(Found found) throws JMException, IOException {
        Set<String> deleted = daemon.deleted(BACKEND);
        for (String key : records.ledger.keys()) {
            // Ids that a client chose; of what all clients use nobody knows them.
            if (records.isAsked(key)
                    && records.ledger.isDeleted(key, loss)
                    && !deleted.contains(key)) {
                problems.add("%s was deleted, and is not remembered".formatted(key));
            }
        }
        for (Item item : found.byKey().values()) {
            if (deleted.contains(item.id())) {
                problems.add(item + " is there, and is said to be deleted");
            }
        }
    }

    /** Nothing is there and in the trash, and nothing is in neither that nobody had go for good. */
    private void checkTrash(Found found, Set<String> trashed) {
        Set<String> there = found.ids();
        for (String id : trashed) {
            if (there.contains(id)) {
                problems.add("%s is there, and was in the trash too".formatted(id));
            }
            if (records.purged(loss).contains(id)) {
                problems.add("%s was deleted for good, and was in the trash".formatted(id));
            }
        }
        for (String id : records.keepsAll() ? records.thrown() : Set.<String>of()) {
            if (!there.contains(id) && !trashed.contains(id) && records.ledger.isMade(id, loss)) {
                problems.add(
                        "%s (first %s) was deleted, and was not in the trash"
                                .formatted(id, records.firstTitle(id)));
            }
        }
        records.count(
                "thrown away and looked for", records.keepsAll() ? records.thrown().size() : 0);
    }

    private void checkValues(Found found) {
        Set<String> keys = new TreeSet<>(found.values().keySet());
        keys.addAll(records.kept());
        for (String key : keys) {
            problems.expectOneOf(
                    "the value of " + key,
                    records.versions.possible(Versions.key(key, Kept.VALUE), Kept.NONE, loss),
                    found.values().getOrDefault(key, Kept.NONE));
        }
    }

    private void checkCounts(Found found) throws JMException, IOException {
        for (var bean : List.of(Management.DAEMON, Management.backend(BACKEND))) {
            problems.expect(
                    bean + " VolumeCount",
                    (long) found.volumes().size(),
                    daemon.number(bean, "VolumeCount"));
            problems.expect(
                    bean + " SnapshotCount",
                    (long) found.snapshots().size(),
                    daemon.number(bean, "SnapshotCount"));
        }
        problems.expect(
                "ProvisionedBytes",
                found.volumes().values().stream().mapToLong(Item::sizeBytes).sum(),
                daemon.number(Management.backend(BACKEND), "ProvisionedBytes"));
        for (Item volume : found.volumes().values()) {
            problems.expect(
                    volume.name() + " snapshotCount",
                    (long) found.snapshotsOf(volume.id()).size(),
                    volume.snapshots());
        }
        for (Item snapshot : found.snapshots().values()) {
            if (!found.volumes().containsKey(snapshot.volume())) {
                problems.add("%s is of no volume".formatted(snapshot));
            }
        }
    }

    /** The sizes are looked at with the contents. */
    private void checkProperties(Found found) {
        for (Item item : found.byKey().values()) {
            String first =
                    item.shared() ? Changing.title(item.name(), "") : records.firstTitle(item.id());
            problems.expectOneOf(
                    "the name and the description of " + item,
                    records.versions.possible(Versions.key(item.id(), Changing.TITLE), first, loss),
                    item.title());
        }
        for (Item volume : found.volumes().values()) {
            problems.expectOneOf(
                    "the labels of " + volume.name(),
                    records.versions.possible(Versions.key(volume.id(), Changing.LABELS), "", loss),
                    volume.labels());
            problems.expectOneOf(
                    "whether %s is held".formatted(volume.name()),
                    records.versions.possible(
                            Versions.key(volume.id(), Changing.HELD), "false", loss),
                    Boolean.toString(volume.held()));
            Set<String> devices =
                    new TreeSet<>(
                            records.versions.possible(
                                    Versions.key(volume.id(), Changing.DEVICE),
                                    Changing.DETACHED,
                                    loss));
            if ((devicesEnded || records.serverEnded(volume.id()))
                    && devices.contains(Changing.ATTACHED)) {
                devices.add(Changing.LOST);
            }
            problems.expectOneOf("the device of " + volume.name(), devices, volume.attachState());
        }
    }

    private static String text(CompositeData row, String item) {
        return String.valueOf(row.get(item));
    }
}
