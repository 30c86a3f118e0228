package io.cairn.daemon.volume.history;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.spi.Attaching;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Cloning;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Growing;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.Option;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Reverting;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Storage in memory, on which a volume holds one word. It notes whoever calls for a volume while
 * another call for it runs, which the driver contract says nobody does.
 */
public final class Slate implements Driver {
    private static final String POOL = "default";
    private static final long TOTAL = 1L << 50;

    /** What is done at the beginning of every change. */
    public interface Pause {
        void begin() throws InterruptedException;
    }

    private record Held(BackendVolume volume, String word) {}

    private record HeldCut(BackendSnapshot snapshot, String word) {}

    /** One slate, however often it is opened. */
    public static final class Provider implements DriverProvider {
        private final Map<VolumeId, Held> volumes = new HashMap<>();
        private final Map<SnapshotId, HeldCut> cuts = new HashMap<>();
        private final Map<UUID, String> born = new HashMap<>();
        final Set<Target> attached = ConcurrentHashMap.newKeySet();
        final Map<ConnectionId, ExportSpec> exports = new ConcurrentHashMap<>();
        private final Set<VolumeId> busy = ConcurrentHashMap.newKeySet();
        private final Queue<String> breaches = new ConcurrentLinkedQueue<>();
        private final AtomicInteger changes = new AtomicInteger();
        private volatile Pause pause = () -> {};

        /** What is done at the beginning of every change from now on. */
        public void pausing(Pause what) {
            pause = what;
        }

        /** How many changes were begun. */
        public int changes() {
            return changes.get();
        }

        /** Calls that the driver contract forbids. */
        public List<String> breaches() {
            return List.copyOf(breaches);
        }

        /** What a volume holds, if it is there. */
        public synchronized Optional<String> word(UUID volume) {
            return Optional.ofNullable(volumes.get(new VolumeId(volume))).map(Held::word);
        }

        public synchronized Optional<String> cutWord(UUID snapshot) {
            return Optional.ofNullable(cuts.get(new SnapshotId(snapshot))).map(HeldCut::word);
        }

        /** What a volume or a snapshot held when it came to be, whether it is there or not. */
        public synchronized Optional<String> born(UUID id) {
            return Optional.ofNullable(born.get(id));
        }

        /** Writes to a volume, as its host does; whether it is there. */
        public synchronized boolean write(UUID volume, String word) {
            Held held = volumes.get(new VolumeId(volume));
            if (held != null) {
                volumes.put(held.volume().id(), new Held(held.volume(), word));
            }
            return held != null;
        }

        @Override
        public String name() {
            return "file";
        }

        @Override
        public DriverInfo info() {
            return new DriverInfo(
                    "1",
                    "Cairn",
                    "Holds words.",
                    List.of(Option.required("directory", Option.Type.PATH, "Is not used.")));
        }

        @Override
        public Driver open(BackendIdentity self, Settings settings) {
            return new Slate(this);
        }
    }

    private final Provider all;

    private Slate(Provider all) {
        this.all = all;
    }

    interface Body<T> {
        T run() throws DriverException;
    }

    <T> T change(String what, Set<VolumeId> keys, Body<T> body)
            throws DriverException, InterruptedException {
        for (VolumeId key : keys) {
            if (!all.busy.add(key)) {
                all.breaches.add("%s of volume %s while another call ran".formatted(what, key));
            }
        }
        try {
            int _ = all.changes.incrementAndGet();
            all.pause.begin();
            synchronized (all) {
                return body.run();
            }
        } finally {
            all.busy.removeAll(keys);
        }
    }

    @Override
    public BackendFacts facts() {
        return new BackendFacts("words", "Nothing.", Set.of(Trait.THIN));
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec)
            throws DriverException, InterruptedException {
        return change("createVolume", Set.of(spec.id()), () -> make(spec, ""));
    }

    @Override
    public BackendVolume createFromSnapshot(VolumeSpec spec, SnapshotId source, VolumeId of)
            throws DriverException, InterruptedException {
        return change(
                "createFromSnapshot",
                Set.of(spec.id(), of),
                () -> make(spec, cut(source, of).word()));
    }

    private BackendVolume cloneVolume(VolumeSpec spec, VolumeId source)
            throws DriverException, InterruptedException {
        return change(
                "cloneVolume", Set.of(spec.id(), source), () -> make(spec, volume(source).word()));
    }

    /** What is there already stays as it is. */
    private BackendVolume make(VolumeSpec spec, String word) {
        Held there = all.volumes.get(spec.id());
        if (there == null) {
            there =
                    new Held(
                            new BackendVolume(
                                    spec.id(),
                                    POOL,
                                    spec.sizeBytes(),
                                    "volume/" + spec.id(),
                                    spec.mark()),
                            word);
            all.volumes.put(spec.id(), there);
            all.born.put(spec.id().value(), word);
        }
        return there.volume();
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        boolean _ =
                change(
                        "deleteVolume",
                        Set.of(id),
                        () -> {
                            boolean cut =
                                    all.cuts.values().stream()
                                            .anyMatch(each -> each.snapshot().volume().equals(id));
                            if (cut) {
                                throw new DriverException(IN_USE, "it has snapshots");
                            }
                            requireUnused(id);
                            return all.volumes.remove(id) != null;
                        });
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return change(
                "createSnapshot",
                Set.of(spec.volume()),
                () -> {
                    Held of = volume(spec.volume());
                    HeldCut cut =
                            all.cuts.computeIfAbsent(
                                    spec.id(),
                                    id ->
                                            new HeldCut(
                                                    new BackendSnapshot(
                                                            id,
                                                            spec.volume(),
                                                            of.volume().sizeBytes(),
                                                            Instant.now(),
                                                            "snapshot/" + id,
                                                            spec.mark()),
                                                    of.word()));
                    all.born.put(spec.id().value(), cut.word());
                    return cut.snapshot();
                });
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        boolean _ = change("deleteSnapshot", Set.of(volume), () -> all.cuts.remove(id) != null);
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException {
        boolean _ =
                change(
                        "markVolume",
                        Set.of(id),
                        () -> {
                            Held held = volume(id);
                            BackendVolume old = held.volume();
                            all.volumes.put(
                                    id,
                                    new Held(
                                            new BackendVolume(
                                                    id,
                                                    POOL,
                                                    old.sizeBytes(),
                                                    old.location(),
                                                    mark),
                                            held.word()));
                            return true;
                        });
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark)
            throws DriverException, InterruptedException {
        boolean _ =
                change(
                        "markSnapshot",
                        Set.of(volume),
                        () -> {
                            HeldCut held = cut(id, volume);
                            BackendSnapshot old = held.snapshot();
                            all.cuts.put(
                                    id,
                                    new HeldCut(
                                            new BackendSnapshot(
                                                    id,
                                                    volume,
                                                    old.sizeBytes(),
                                                    old.cutAt(),
                                                    old.location(),
                                                    mark),
                                            held.word()));
                            return true;
                        });
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id) {
        synchronized (all) {
            return Optional.ofNullable(all.volumes.get(id)).map(Held::volume);
        }
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume) {
        synchronized (all) {
            return Optional.ofNullable(all.cuts.get(id))
                    .map(HeldCut::snapshot)
                    .filter(snapshot -> snapshot.volume().equals(volume));
        }
    }

    @Override
    public void inventory(InventoryVisitor visitor) {
        synchronized (all) {
            all.volumes.values().forEach(each -> visitor.volume(each.volume()));
            all.cuts.values().forEach(each -> visitor.snapshot(each.snapshot()));
        }
    }

    @Override
    public List<PoolStats> pools() {
        return List.of(new PoolStats(POOL, TOTAL, TOTAL));
    }

    @Override
    public Optional<Growing> growing() {
        return Optional.of(
                (id, sizeBytes) ->
                        change(
                                "grow",
                                Set.of(id),
                                () -> {
                                    Held held = volume(id);
                                    BackendVolume old = held.volume();
                                    BackendVolume grown =
                                            new BackendVolume(
                                                    id,
                                                    POOL,
                                                    Math.max(sizeBytes, old.sizeBytes()),
                                                    old.location(),
                                                    old.mark());
                                    all.volumes.put(id, new Held(grown, held.word()));
                                    return grown;
                                }));
    }

    @Override
    public Optional<Cloning> cloning() {
        return Optional.of(this::cloneVolume);
    }

    @Override
    public Optional<Reverting> reverting() {
        return Optional.of(
                (id, snapshot) ->
                        change(
                                "revert",
                                Set.of(id),
                                () -> {
                                    requireUnused(id);
                                    BackendVolume volume = volume(id).volume();
                                    all.volumes.put(id, new Held(volume, cut(snapshot, id).word()));
                                    return volume;
                                }));
    }

    @Override
    public Optional<Attaching> attaching() {
        return Optional.of(new SlateAttaching(this, all));
    }

    @Override
    public Optional<Exporting> exporting() {
        return Optional.of(new SlateExporting(this, all));
    }

    @Override
    public void close() {}

    /** How large a volume is, which must be there. */
    long sizeBytes(VolumeId id) throws DriverException {
        synchronized (all) {
            return volume(id).volume().sizeBytes();
        }
    }

    private void requireUnused(VolumeId id) throws DriverException {
        boolean exported =
                all.exports.values().stream().anyMatch(spec -> spec.target().volume().equals(id));
        if (exported || all.attached.contains(Target.of(id))) {
            throw new DriverException(IN_USE, "a host has it");
        }
    }

    private Held volume(VolumeId id) throws DriverException {
        Held held = all.volumes.get(id);
        if (held == null) {
            throw new DriverException(NOT_FOUND, "there is no volume " + id);
        }
        return held;
    }

    private HeldCut cut(SnapshotId id, VolumeId volume) throws DriverException {
        HeldCut held = all.cuts.get(id);
        if (held == null || !held.snapshot().volume().equals(volume)) {
            throw new DriverException(NOT_FOUND, "there is no snapshot " + id);
        }
        return held;
    }
}
