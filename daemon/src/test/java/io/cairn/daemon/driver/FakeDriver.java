package io.cairn.daemon.driver;

import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.Option;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A driver without storage, whose opening and pools a test decides. */
final class FakeDriver implements Driver {
    final AtomicInteger closed = new AtomicInteger();
    private final Provider provider;

    private FakeDriver(Provider provider) {
        this.provider = provider;
    }

    /** What a test lets happen at a call. */
    interface Script<T> {
        T play() throws DriverException, InterruptedException;
    }

    static final class Provider implements DriverProvider {
        final ConcurrentLinkedQueue<FakeDriver> opened = new ConcurrentLinkedQueue<>();
        final ConcurrentLinkedQueue<BackendIdentity> identities = new ConcurrentLinkedQueue<>();
        volatile Script<Boolean> open = () -> true;
        volatile Script<List<PoolStats>> pools = () -> List.of(new PoolStats("p", 100, 40));

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public DriverInfo info() {
            return new DriverInfo(
                    "1",
                    "tests",
                    "no storage",
                    List.of(
                            Option.optional("folder", Option.Type.PATH, "/srv", "where"),
                            Option.optional("password", Option.Type.TEXT, "none", "the password")
                                    .hidden()));
        }

        @Override
        public Driver open(BackendIdentity self, Settings settings)
                throws DriverException, InterruptedException {
            identities.add(self);
            boolean _ = open.play();
            FakeDriver driver = new FakeDriver(this);
            opened.add(driver);
            return driver;
        }
    }

    @Override
    public BackendFacts facts() {
        return new BackendFacts("nothing", "nothing", Set.of());
    }

    @Override
    public List<PoolStats> pools() throws DriverException, InterruptedException {
        return provider.pools.play();
    }

    @Override
    public void close() {
        closed.incrementAndGet();
    }

    @Override
    public void inventory(InventoryVisitor visitor) {}

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id) {
        return Optional.empty();
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume) {
        return Optional.empty();
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void deleteVolume(VolumeId id) {}

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume) {}

    @Override
    public void markVolume(VolumeId id, Mark mark) {}

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark) {}

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume) {
        throw new UnsupportedOperationException();
    }
}
