package io.cairn.daemon.volume;

import io.cairn.spi.Adopting;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Background;
import io.cairn.spi.Cloning;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Differing;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Growing;
import io.cairn.spi.Handing;
import io.cairn.spi.Inspecting;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.Measuring;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Reverting;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** A real driver whose changes fail before or after their effect, as the test says. */
public final class FaultyDriver implements Driver {
    /** When a fault strikes. */
    public enum Moment {
        BEFORE,
        AFTER
    }

    /** What happens then. */
    public interface Fault {
        void strike() throws DriverException, InterruptedException;
    }

    private record Planned(Moment moment, Fault fault) {}

    /** The faults to come, one for each change, in order; shared by every driver it opens. */
    public static final class Provider implements DriverProvider {
        private final DriverProvider real;
        private final Queue<Planned> faults = new ArrayDeque<>();

        /** What it states of its pools, made of what is true. */
        volatile UnaryOperator<List<PoolStats>> space = UnaryOperator.identity();

        /** What it states of itself when it opens. */
        volatile UnaryOperator<BackendFacts> facts = UnaryOperator.identity();

        /** Whether it knows what deleting a snapshot would free. */
        volatile boolean measures = true;

        /** Strikes before it tells of what is on its backend. */
        public volatile Fault listing = () -> {};

        /** Strikes before it looks something up. */
        public volatile Fault looking = () -> {};

        /** What it says has a device, besides what has one. */
        volatile Predicate<Target> attached = _ -> false;

        /** What it cannot read when it tells of all, though it can by itself. */
        public volatile Optional<Target> blemish = Optional.empty();

        /** How it knows where snapshots differ, if it does. */
        public volatile Optional<Differing> differing = Optional.empty();

        public Provider(DriverProvider real) {
            this.real = real;
        }

        public synchronized void next(Moment moment, Fault fault) {
            faults.add(new Planned(moment, fault));
        }

        /** The next change does its work and then dies, so that nobody learns of it. */
        public void diesAfterTheNextChange() {
            next(
                    Moment.AFTER,
                    () -> {
                        throw new IllegalStateException("power cut");
                    });
        }

        public void diesBeforeTheNextChange() {
            next(
                    Moment.BEFORE,
                    () -> {
                        throw new IllegalStateException("power cut");
                    });
        }

        private synchronized Optional<Planned> take() {
            return Optional.ofNullable(faults.poll());
        }

        @Override
        public String name() {
            return real.name();
        }

        @Override
        public DriverInfo info() {
            return real.info();
        }

        @Override
        public Driver open(BackendIdentity self, Settings settings)
                throws DriverException, InterruptedException {
            return new FaultyDriver(real.open(self, settings), this);
        }
    }

    private interface Call<T> {
        T run() throws DriverException, InterruptedException;
    }

    private final Driver real;
    private final Provider plan;

    private FaultyDriver(Driver real, Provider plan) {
        this.real = real;
        this.plan = plan;
    }

    private <T> T change(Call<T> call) throws DriverException, InterruptedException {
        Optional<Planned> planned = plan.take();
        if (planned.isPresent() && planned.get().moment() == Moment.BEFORE) {
            planned.get().fault().strike();
        }
        T result = call.run();
        if (planned.isPresent() && planned.get().moment() == Moment.AFTER) {
            planned.get().fault().strike();
        }
        return result;
    }

    @Override
    public BackendFacts facts() {
        return plan.facts.apply(real.facts());
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec)
            throws DriverException, InterruptedException {
        return change(() -> real.createVolume(spec));
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        boolean _ =
                change(
                        () -> {
                            real.deleteVolume(id);
                            return true;
                        });
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return change(() -> real.createSnapshot(spec));
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        boolean _ =
                change(
                        () -> {
                            real.deleteSnapshot(id, volume);
                            return true;
                        });
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws DriverException, InterruptedException {
        return change(() -> real.createFromSnapshot(spec, source, sourceVolume));
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException {
        boolean _ =
                change(
                        () -> {
                            real.markVolume(id, mark);
                            return true;
                        });
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark)
            throws DriverException, InterruptedException {
        boolean _ =
                change(
                        () -> {
                            real.markSnapshot(id, volume, mark);
                            return true;
                        });
    }

    @Override
    public Optional<Growing> growing() {
        return real.growing()
                .map(growing -> (id, sizeBytes) -> change(() -> growing.grow(id, sizeBytes)));
    }

    @Override
    public Optional<Cloning> cloning() {
        return real.cloning()
                .map(cloning -> (spec, source) -> change(() -> cloning.cloneVolume(spec, source)));
    }

    @Override
    public Optional<Reverting> reverting() {
        return real.reverting()
                .map(reverting -> (id, snapshot) -> change(() -> reverting.revert(id, snapshot)));
    }

    @Override
    public Optional<Attaching> attaching() {
        return real.attaching()
                .map(
                        attaching ->
                                new Attaching() {
                                    @Override
                                    public Attachment attach(Target target, boolean readOnly)
                                            throws DriverException, InterruptedException {
                                        return change(() -> attaching.attach(target, readOnly));
                                    }

                                    @Override
                                    public void detach(Target target)
                                            throws DriverException, InterruptedException {
                                        boolean _ =
                                                change(
                                                        () -> {
                                                            attaching.detach(target);
                                                            return true;
                                                        });
                                    }

                                    @Override
                                    public Optional<Attachment> attached(Target target)
                                            throws DriverException, InterruptedException {
                                        return plan.attached.test(target)
                                                ? Optional.of(new Attachment("/dev/test", false, 1))
                                                : attaching.attached(target);
                                    }
                                });
    }

    @Override
    public Optional<Exporting> exporting() {
        return real.exporting()
                .map(
                        exporting ->
                                new Exporting() {
                                    @Override
                                    public Set<String> protocols() {
                                        return exporting.protocols();
                                    }

                                    @Override
                                    public Export export(ExportSpec spec)
                                            throws DriverException, InterruptedException {
                                        return change(() -> exporting.export(spec));
                                    }

                                    @Override
                                    public void unexport(ConnectionId id, Target target)
                                            throws DriverException, InterruptedException {
                                        boolean _ =
                                                change(
                                                        () -> {
                                                            exporting.unexport(id, target);
                                                            return true;
                                                        });
                                    }

                                    @Override
                                    public Optional<Export> exported(ConnectionId id, Target target)
                                            throws DriverException, InterruptedException {
                                        return exporting.exported(id, target);
                                    }
                                });
    }

    @Override
    public Optional<Adopting> adopting() {
        return real.adopting();
    }

    @Override
    public Optional<Handing> handing() {
        return real.handing();
    }

    @Override
    public Optional<Measuring> measuring() {
        return plan.measures ? real.measuring() : Optional.empty();
    }

    @Override
    public Optional<Background> background() {
        return real.background();
    }

    @Override
    public Optional<Differing> differing() {
        return plan.differing;
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return plan.measures ? real.inspecting() : Optional.empty();
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id)
            throws DriverException, InterruptedException {
        plan.looking.strike();
        return real.findVolume(id);
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        plan.looking.strike();
        return real.findSnapshot(id, volume);
    }

    @Override
    public void inventory(InventoryVisitor visitor) throws DriverException, InterruptedException {
        plan.listing.strike();
        plan.blemish.ifPresent(target -> visitor.unreadable(target, "there", "smudged"));
        real.inventory(visitor);
    }

    @Override
    public List<PoolStats> pools() throws DriverException, InterruptedException {
        return plan.space.apply(real.pools());
    }

    @Override
    public void close() {
        real.close();
    }
}
