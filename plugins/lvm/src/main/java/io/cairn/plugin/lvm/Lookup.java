package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Inventory;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is in the pool. What processes that were killed left half done is finished or taken back as
 * it is come across; it is called only with {@link Lvm#turn}, so that nobody is at work on it.
 */
final class Lookup implements Holdings {
    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    private final ThinPool pool;

    Lookup(ThinPool pool) {
        this.pool = pool;
    }

    @Override
    public Place place() {
        return pool;
    }

    /** A volume with its snapshots. */
    record Home(Optional<LogicalVolume> volume, List<LogicalVolume> snapshots) {}

    Home home(Native os, VolumeId id) throws OsException, InterruptedException, IOException {
        List<LogicalVolume> found =
                settled(
                        os,
                        "lv_name=~\"^cairn-[nov]-%s$\" || lv_tags=%s"
                                .formatted(id, Tags.of(Tags.VOLUME, id.toString())));
        return new Home(
                named(found, Names.volume(id)),
                found.stream().filter(each -> Names.snapshotOf(each.name()).isPresent()).toList());
    }

    @Override
    public Optional<LogicalVolume> volume(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException {
        return named(settled(os, anyOf(id)), Names.volume(id));
    }

    private static String anyOf(VolumeId id) {
        return "lv_name=~\"^cairn-[nov]-%s$\"".formatted(id);
    }

    @Override
    public Optional<LogicalVolume> unused(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException {
        Home home = home(os, id);
        if (home.volume().isEmpty()) {
            return Optional.empty();
        }
        if (!home.snapshots().isEmpty()) {
            throw new OsException(
                    IN_USE,
                    "it has %d snapshots; delete them first".formatted(home.snapshots().size()));
        }
        if (pool.device(os, Names.volume(id)).isPresent()) {
            throw new OsException(
                    IN_USE,
                    "it is attached as %s; detach it first".formatted(pool.path(Names.volume(id))));
        }
        return home.volume();
    }

    /** The snapshot of that id, whichever volume it is of. */
    Optional<LogicalVolume> snapshot(Native os, SnapshotId id)
            throws OsException, InterruptedException, IOException {
        String name = Names.snapshot(id);
        return named(settled(os, "lv_name=" + name), name);
    }

    /** A snapshot of that id and volume. */
    Optional<LogicalVolume> snapshot(Native os, SnapshotId id, VolumeId volume)
            throws OsException, InterruptedException, IOException {
        return snapshot(os, id).filter(each -> Holdings.isOf(each, volume));
    }

    /** What somebody uses the bytes of. */
    Optional<LogicalVolume> of(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        return target.snapshot().isPresent()
                ? snapshot(os, target.snapshot().get(), target.volume())
                : volume(os, target.volume());
    }

    /** A volume and what may be a snapshot of it, in one look. */
    record Pair(Optional<LogicalVolume> volume, Optional<LogicalVolume> snapshot) {}

    Pair pair(Native os, VolumeId id, SnapshotId snapshot)
            throws OsException, InterruptedException, IOException {
        String name = Names.snapshot(snapshot);
        List<LogicalVolume> found = settled(os, "%s || lv_name=%s".formatted(anyOf(id), name));
        return new Pair(named(found, Names.volume(id)), named(found, name));
    }

    Inventory inventory(Native os) throws OsException, InterruptedException, IOException {
        List<BackendVolume> volumes = new ArrayList<>();
        List<BackendSnapshot> snapshots = new ArrayList<>();
        for (LogicalVolume each : settled(os, "lv_name=~\"^cairn-\"")) {
            Optional<SnapshotId> snapshot = Names.snapshotOf(each.name());
            Optional<VolumeId> of = Holdings.sourceOf(each);
            Optional<VolumeId> volume = Names.volumeOf(each.name());
            if (snapshot.isPresent() && of.isPresent()) {
                snapshots.add(asFound(each, snapshot.get(), of.get()));
            } else if (volume.isPresent() && each.name().equals(Names.volume(volume.get()))) {
                volumes.add(asFound(each, volume.get()));
            }
        }
        return new Inventory(volumes, snapshots);
    }

    @Override
    public BackendSnapshot asFound(LogicalVolume found, SnapshotId id, VolumeId volume) {
        return new BackendSnapshot(
                id,
                volume,
                found.sizeBytes(),
                found.label().cutAt().orElse(found.created()),
                pool.path(found.name()),
                found.label().mark());
    }

    private static Optional<LogicalVolume> named(List<LogicalVolume> found, String name) {
        return found.stream().filter(each -> each.name().equals(name)).findFirst();
    }

    /** Those that a condition holds for, once nothing is half done. */
    private List<LogicalVolume> settled(Native os, String condition)
            throws OsException, InterruptedException, IOException {
        String all = "%s || lv_name=~\"^%s\"".formatted(condition, Names.DEAD);
        while (true) {
            ThinPool.Found found = agreed(os, all);
            if (!takeBackUncut(os, found.transaction())
                    && !removeTakenBack(found.volumes())
                    && !finishReverts(found.volumes())) {
                return found.volumes();
            }
            pool.flush(os);
        }
    }

    /**
     * Those that a condition holds for, as of when LVM and the kernel were of one mind but for one
     * change at most.
     *
     * @throws OsException UNAVAILABLE if they are not, as after a repair
     */
    private ThinPool.Found agreed(Native os, String condition)
            throws OsException, InterruptedException, IOException {
        for (int left = TRIES; ; left--) {
            ThinPool.Found found = pool.find(condition);
            long made = pool.status(os).transaction();
            if (found.transaction() == made || found.transaction() == made + 1) {
                return found;
            }
            if (left == 1) {
                throw new OsException(
                        UNAVAILABLE,
                        "LVM has thin pool %s at transaction %d and the kernel at %d, so that nobody can tell what is in it; set LVM's right with `vgcfgbackup`, an editor and `vgcfgrestore --force`, as after a repair"
                                .formatted(pool, found.transaction(), made));
            }
            // Somebody else just changed something.
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /**
     * A command of LVM's that is killed may leave a volume in the group's metadata which the kernel
     * has not: LVM would have it made by whichever command comes next, so that a snapshot would
     * hold what was written long after. Removing it is such a command, and it is gone with it.
     *
     * <p>Killed a moment later, the command has had it made, without having told the kernel that
     * this is the next transaction. LVM would have it made once more, which the kernel refuses, and
     * with it whatever else is asked of the pool.
     *
     * <p>Renaming it has nothing made, and comes first: its removal has it made before, and if that
     * is killed in between it is there whole, and no longer what it was to be.
     */
    private boolean takeBackUncut(Native os, long transaction)
            throws OsException, InterruptedException, IOException {
        long made = pool.status(os).transaction();
        if (transaction != made + 1) {
            return false;
        }
        // Of the volumes of a pool the one that is still to be made has the greatest id.
        Optional<LogicalVolume> newest =
                pool.volumes("lv_name=~\".\"").stream()
                        .max(Comparator.comparingLong(LogicalVolume::thinId))
                        .filter(each -> each.transaction() == made)
                        .filter(each -> each.name().startsWith(Names.OWN));
        if (newest.isEmpty()) {
            // It is a removal that the kernel is still to be told of.
            return false;
        }
        String name = newest.get().name();
        String dead = Names.takenBack(name);
        if (!name.equals(dead)) {
            pool.rename(name, dead);
            pool.flush(os);
        }
        pool.forget(os, newest.get().thinId());
        pool.wake(os);
        pool.remove(dead);
        return true;
    }

    /** Removes what was being taken back when that was killed. */
    private boolean removeTakenBack(List<LogicalVolume> found)
            throws OsException, InterruptedException, IOException {
        boolean any = false;
        for (LogicalVolume each : found) {
            if (each.name().startsWith(Names.DEAD)) {
                pool.remove(each.name());
                any = true;
            }
        }
        return any;
    }

    /**
     * A volume goes back to a snapshot by being renamed out of the way of its new content. From
     * then on it has that content, whatever still is to be done.
     */
    private boolean finishReverts(List<LogicalVolume> found)
            throws OsException, InterruptedException, IOException {
        Map<VolumeId, Set<String>> names = new HashMap<>();
        for (LogicalVolume each : found) {
            Names.volumeOf(each.name())
                    .ifPresent(
                            id -> names.computeIfAbsent(id, _ -> new HashSet<>()).add(each.name()));
        }
        boolean any = false;
        for (Map.Entry<VolumeId, Set<String>> each : names.entrySet()) {
            if (each.getValue().contains(Names.old(each.getKey()))) {
                finishRevert(each.getKey(), each.getValue());
                any = true;
            }
        }
        return any;
    }

    private void finishRevert(VolumeId id, Set<String> names)
            throws OsException, InterruptedException, IOException {
        String volume = Names.volume(id);
        if (names.contains(volume)) {
            pool.remove(Names.old(id));
        } else {
            // Without new content it is the old one that somebody renamed.
            String content = names.contains(Names.made(id)) ? Names.made(id) : Names.old(id);
            pool.rename(content, volume);
        }
    }
}
