package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.Requests.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

import javax.management.JMException;

/**
 * One client: does anything to volumes of its own, of which it knows all, and to a few that every
 * client uses.
 */
final class Client {
    private static final int VOLUMES = 3;

    /** One more than volumes, so that there is always one to rename a volume to. */
    private static final int NAMES = VOLUMES + 1;

    private static final int SNAPSHOTS = 4;

    private final Records records;
    private final String prefix;
    private final Random random;
    private final boolean syncs;
    private final boolean attaches;
    private final Making making;
    private final Changing changing;
    private final GivenUp givenUp;
    private final Thrown thrown;
    private final Shared shared;
    private final Kept kept;
    private final Requests requests;
    private final Map<String, Own> volumes = new TreeMap<>();

    /** The names of volumes that the step is about. */
    private final Set<String> touched = new TreeSet<>();

    /** Names of which it is not known what goes by them, until the client learns what there is. */
    private final Set<String> doubtful = new TreeSet<>();

    /**
     * @param syncs whether it waits until what it wrote is on the disk
     * @param attaches whether volumes can be attached here and still be snapshotted
     */
    Client(
            int number,
            Path backend,
            Records records,
            Random random,
            boolean syncs,
            boolean attaches) {
        this.records = records;
        this.prefix = "client" + number + "-";
        this.random = random;
        this.syncs = syncs;
        this.attaches = attaches;
        this.requests = new Requests(records);
        this.making = new Making(records, requests);
        this.changing = new Changing(records, requests, random);
        this.givenUp = new GivenUp(backend, records, requests, random);
        this.thrown = new Thrown(records, requests, random);
        this.shared = new Shared(records, requests, random);
        this.kept = new Kept(prefix, records, requests, random);
    }

    /** Learns what there is of its own after a start. */
    void see(Found found) {
        shared.begin();
        givenUp.see(found, prefix);
        thrown.begin();
        volumes.clear();
        doubtful.clear();
        for (Found.Item item : found.volumes().values()) {
            if (item.name().startsWith(prefix)) {
                volumes.put(
                        item.name(),
                        new Own(
                                item.id(),
                                item.name(),
                                item.description(),
                                item.sizeBytes(),
                                found.snapshotsOf(item.id()),
                                item.connected(),
                                item.held()));
            }
        }
    }

    void step(Management daemon) throws JMException, IOException {
        touched.clear();
        boolean own = stepOnce(daemon);
        if (requests.tookDoubt() && own) {
            volumes.keySet().removeAll(touched);
            doubtful.addAll(touched);
            records.count("doubts", true);
        }
    }

    /** Returns whether it was about volumes of its own. */
    private boolean stepOnce(Management daemon) throws JMException, IOException {
        if (random.nextInt(5) == 0) {
            shared.use(daemon);
            return false;
        }
        if (random.nextInt(20) == 0) {
            kept.change(daemon);
            return false;
        }
        if (givenUp.any() && random.nextInt(20) == 0) {
            givenUp.write(syncs);
            return false;
        }
        // What comes of it in a drill is not always known, nor then what it left.
        if (!records.isDrilled() && thrown.any() && random.nextInt(5) == 0) {
            thrown.use(daemon, volumes, free()).ifPresent(this::put);
            return false;
        }
        String name = prefix + random.nextInt(NAMES);
        if (doubtful.contains(name)) {
            return false;
        }
        touched.add(name);
        Own own = volumes.get(name);
        if (own == null) {
            use(daemon, name);
            return true;
        }
        String snapshot = "s" + random.nextInt(SNAPSHOTS);
        String id = own.snapshots().get(snapshot);
        switch (random.nextInt(12)) {
            case 0, 1 -> write(daemon, own);
            case 2 -> leave(daemon, own);
            case 3 -> {
                if (id != null) {
                    making.repeat(daemon, own, snapshot, id);
                }
            }
            case 4, 5 -> {
                if (id != null) {
                    if (making.deleteSnapshot(daemon, own, snapshot, id)) {
                        thrown.add(own, snapshot, id);
                    }
                }
            }
            case 6, 7 -> {
                if (id == null) {
                    useSnapshot(daemon, own, snapshot);
                }
            }
            default -> put(change(daemon, own));
        }
        return true;
    }

    /** Writes to a volume, or sees to it that this can be done. */
    private void write(Management daemon, Own own) throws JMException, IOException {
        Path image = Path.of(daemon.text(volume(own.name()), "Location"));
        if (records.layout().plain() || records.layout().images().device(image).isPresent()) {
            records.write(own.id(), image, syncs);
        } else {
            // It may have lost its device.
            put(own.connected() ? changing.cleanUp(daemon, own) : changing.attach(daemon, own));
        }
    }

    private Own change(Management daemon, Own own) throws JMException, IOException {
        return switch (random.nextInt(6)) {
            case 0 -> changing.extend(daemon, own);
            case 3 -> changing.label(daemon, own);
            case 4 -> changing.holdOrRelease(daemon, own);
            case 1 -> changing.describe(daemon, own);
            case 2 -> own.snapshots().isEmpty() ? own : revert(daemon, own);
            default -> {
                if (own.connected()) {
                    yield changing.cleanUp(daemon, own);
                }
                yield attaches ? changing.attach(daemon, own) : own;
            }
        };
    }

    /**
     * Has it go back to any of its snapshots, of which there must be one, or sees to it that it
     * can.
     */
    private Own revert(Management daemon, Own own) throws IOException {
        if (own.connected()) {
            return changing.cleanUp(daemon, own);
        }
        List<String> names = List.copyOf(own.snapshots().keySet());
        String to = names.get(random.nextInt(names.size()));
        return changing.revert(daemon, own, to, Objects.requireNonNull(own.snapshots().get(to)));
    }

    /** Gives a name that is free to a new volume, or to one that there is. */
    private void use(Management daemon, String name) throws IOException {
        Optional<Own> any = any();
        if (volumes.size() == VOLUMES && random.nextBoolean()) {
            return;
        }
        if (any.isPresent() && (volumes.size() == VOLUMES || random.nextInt(4) == 0)) {
            Own renamed = changing.rename(daemon, any.get(), name);
            volumes.remove(any.get().name());
            put(renamed);
            return;
        }
        make(daemon, name, any).ifPresent(this::put);
    }

    /** Makes a volume, from what there is if chance will have it so. */
    private Optional<Own> make(Management daemon, String name, Optional<Own> any)
            throws IOException {
        if (givenUp.any() && random.nextInt(3) != 0) {
            return givenUp.takeOver(daemon, name, changing.text());
        }
        int way = any.isPresent() ? random.nextInt(4) : 3;
        if (way == 0) {
            List<String> snapshots = List.copyOf(any.orElseThrow().snapshots().keySet());
            if (!snapshots.isEmpty()) {
                String from = snapshots.get(random.nextInt(snapshots.size()));
                long more = random.nextInt(4) == 0 ? records.layout().stepBytes() : 0;
                return making.fromSnapshot(daemon, name, any.orElseThrow(), from, more);
            }
        }
        return way == 1
                ? making.fromVolume(daemon, name, any.orElseThrow())
                : making.create(daemon, name);
    }

    /** Gives a name that is free to a new snapshot, or to one that there is. */
    private void useSnapshot(Management daemon, Own own, String name) throws IOException {
        List<String> names = List.copyOf(own.snapshots().keySet());
        if (!names.isEmpty() && random.nextBoolean()) {
            String from = names.get(random.nextInt(names.size()));
            put(changing.renameSnapshot(daemon, own, from, name));
        } else {
            making.cut(daemon, own, name);
        }
    }

    /** Takes a volume away: one that is free, if there is any. */
    private void leave(Management daemon, Own otherwise) throws IOException {
        if (random.nextInt(3) == 0) {
            Own all =
                    volumes.values().stream()
                            .filter(each -> !each.snapshots().isEmpty())
                            .filter(each -> !each.connected() && !each.held())
                            .findFirst()
                            .orElse(otherwise);
            touched.add(all.name());
            if (making.deleteWithSnapshots(daemon, all)) {
                volumes.remove(all.name());
                thrown.add(all);
            }
            return;
        }
        Own own = volumes.values().stream().filter(Own::free).findFirst().orElse(otherwise);
        touched.add(own.name());
        boolean deletes = givenUp.full() || random.nextInt(3) == 0;
        boolean gone = deletes ? making.delete(daemon, own) : givenUp.giveUp(daemon, own);
        if (gone) {
            volumes.remove(own.name());
        }
        if (gone && deletes) {
            thrown.add(own);
        } else if (gone) {
            thrown.forgetSnapshotsOf(own.id());
        }
    }

    /** A name for one more volume, if there may be one. */
    private Optional<String> free() {
        return volumes.size() == VOLUMES
                ? Optional.empty()
                : IntStream.range(0, NAMES)
                        .mapToObj(each -> prefix + each)
                        .filter(each -> !volumes.containsKey(each))
                        .findFirst();
    }

    private Optional<Own> any() {
        List<String> names = List.copyOf(volumes.keySet());
        if (names.isEmpty()) {
            return Optional.empty();
        }
        String name = names.get(random.nextInt(names.size()));
        touched.add(name);
        return Optional.of(Objects.requireNonNull(volumes.get(name)));
    }

    private void put(Own own) {
        volumes.put(own.name(), own);
    }
}
