package io.cairn.tck;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.Attaching;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Export;
import io.cairn.spi.Inventory;
import io.cairn.spi.Mark;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** What a driver's test class must say, and what the cases share. */
abstract class DriverFixture {
    static final long KIB = 1 << 10;
    static final long MIB = 1 << 20;
    static final BackendIdentity SELF = new BackendIdentity(new UUID(17, 4), "tck");

    private static final int MOST_PAUSES = 20;
    private static final long PAUSE_MILLIS = 50;

    private Path temporary = Path.of("/nonexistent");
    Path storage = temporary;

    @SuppressWarnings("NullAway.Init") // opened before each test
    Driver driver;

    /** The driver's provider. Called in other processes too, on an instance made only for that. */
    protected abstract DriverProvider provider();

    /** The settings that open a backend on the storage. Called like {@link #provider}. */
    protected abstract Map<String, String> settings(Path storage);

    /** The traits that the backend really has; a case measures each. */
    protected abstract Set<Trait> traits();

    /**
     * What the backend really can do on this machine; a case compares it with what the driver says.
     */
    protected abstract Set<Capability> capabilities();

    /**
     * Names whatever of Cairn's lies on the storage, listed with the storage's own means, and does
     * not belong to an object of the inventory. It is called while the backend is open and at rest.
     */
    protected abstract List<String> rubbish(Path storage, Inventory inventory) throws Exception;

    /**
     * Makes fresh storage, before each test.
     *
     * @param temporary an empty folder that is removed after the test
     * @return what {@link #settings} needs to find it: the folder itself unless overridden
     */
    protected Path prepare(Path temporary) throws Exception {
        return temporary;
    }

    /** Undoes {@link #prepare}, after the backend was closed. */
    protected void release(Path storage) throws Exception {}

    /**
     * Opens the content of a volume or snapshot, as a user of the volume would; a path unless
     * overridden.
     *
     * @param location as the driver returned it
     */
    protected SeekableByteChannel content(String location, boolean writable) throws IOException {
        return writable
                ? FileChannel.open(
                        Path.of(location), StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(Path.of(location), StandardOpenOption.READ);
    }

    /**
     * Opens a volume for writing so that at any instant it has had all writes up to some one, and
     * none after; as {@link #content} does unless overridden. That is so of files, whose cache a
     * snapshot holds. The cache of a device is written out in any order.
     */
    protected SeekableByteChannel ordered(String location) throws IOException {
        return content(location, true);
    }

    /**
     * Opens a device for writing so that what was written is on it, and not in a cache, when the
     * call returns; a path unless overridden.
     */
    protected SeekableByteChannel uncached(String device) throws IOException {
        return FileChannel.open(
                Path.of(device), StandardOpenOption.READ, StandardOpenOption.WRITE, direct());
    }

    /** Found by its name, for the compiler warns of it as of what is not for everybody. */
    private static OpenOption direct() {
        try {
            Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
            return (OpenOption) options.getField("DIRECT").get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK cannot open files past the cache", e);
        }
    }

    /**
     * Puts something on the storage that is not Cairn's and could be adopted, reading as zeroes.
     * Needed for {@link Capability#ADOPTING}, and called while the backend is open.
     *
     * @param name lower-case letters and digits; what the driver calls it too
     */
    protected void plant(Path storage, String name, long sizeBytes) throws Exception {
        throw new UnsupportedOperationException("this driver says how to plant nothing");
    }

    /** The location, for {@link #content}, of something that is not Cairn's. */
    protected String locationOf(Path storage, String unmanaged) {
        throw new UnsupportedOperationException("this driver says how to plant nothing");
    }

    /**
     * Connects to an export as a host would; by the protocol NBD unless overridden. What was
     * written is acknowledged at the latest when it is closed.
     *
     * @throws TestAbortedException if this machine has no client for it
     */
    protected SeekableByteChannel connect(Export export, boolean writable) throws Exception {
        return NbdClient.connect(export, writable);
    }

    /**
     * Names the devices and processes that use the storage at the moment, listed with the machine's
     * own means. Called after each case, when there must be none.
     */
    protected List<String> leftBehind(Path storage) throws Exception {
        return List.of();
    }

    /** Sizes are had exactly if they are multiples of this; any size unless overridden. */
    protected long granularityBytes() {
        return 1;
    }

    /**
     * Whether another process can open the storage; false only for drivers made for tests, and for
     * which the kill case then does not run.
     */
    protected boolean outlivesItsProcess() {
        return true;
    }

    /**
     * Whether a volume grows with its device; false only where who uses the device could not be
     * told, and then it is refused while the volume is attached.
     */
    protected boolean growsWhileAttached() {
        return true;
    }

    /** What is used of the storage; overridden where others use its pools at the same time. */
    protected long usedBytes(Path storage) throws Exception {
        long used = 0;
        for (PoolStats pool : driver.pools()) {
            used += pool.totalBytes() - pool.freeBytes();
        }
        return used;
    }

    @BeforeEach
    void openOnFreshStorage(@TempDir Path temporary) throws Exception {
        this.temporary = temporary;
        storage = prepare(temporary);
        driver = open(SELF);
    }

    /**
     * What the case left behind for good: a process that anybody starts in this JVM has all that is
     * open here, a device that was just given back too, until it has become another program.
     */
    private List<String> lastingLeftBehind() throws Exception {
        List<String> left = leftBehind(storage);
        for (int pauses = 0; !left.isEmpty() && pauses < MOST_PAUSES; pauses++) {
            Thread.sleep(PAUSE_MILLIS);
            left = leftBehind(storage);
        }
        return left;
    }

    @AfterEach
    void closeAndRelease() throws Exception {
        List<String> left = lastingLeftBehind();
        try {
            if (!left.isEmpty()) {
                detachAll();
            }
            close();
        } finally {
            release(storage);
        }
        assertThat(left).describedAs("what the case left behind").isEmpty();
    }

    private void detachAll() throws Exception {
        Optional<Attaching> attaching = driver.attaching();
        if (attaching.isPresent()) {
            for (BackendVolume volume : driver.inventory().volumes()) {
                attaching.get().detach(Target.of(volume.id()));
            }
            for (BackendSnapshot snapshot : driver.inventory().snapshots()) {
                attaching.get().detach(Target.of(snapshot.volume(), snapshot.id()));
            }
        }
    }

    /** The capability, or the case is skipped. */
    final <T> T the(Optional<T> capability) {
        assumeTrue(capability.isPresent(), "this backend cannot do it here");
        return capability.orElseThrow();
    }

    /** Closes the driver once, whatever a case did with it. */
    @SuppressWarnings("NullAway") // null while it is closed, which only a failed case leaves it
    final void close() {
        Driver open = driver;
        driver = null;
        if (open != null) {
            open.close();
        }
    }

    final Driver open(BackendIdentity self) throws DriverException, InterruptedException {
        DriverProvider provider = provider();
        return provider.open(self, new Settings(provider.info().options(), settings(storage)));
    }

    /** Replaces the storage by some that was never opened, and leaves the driver closed. */
    final void replaceStorage() throws Exception {
        close();
        release(storage);
        storage = prepare(Files.createDirectory(temporary.resolve("another")));
    }

    final void reopen() throws DriverException, InterruptedException {
        close();
        driver = open(SELF);
    }

    final String pool() throws DriverException, InterruptedException {
        return driver.pools().getFirst().name();
    }

    final VolumeSpec spec(VolumeId id, long sizeBytes)
            throws DriverException, InterruptedException {
        return new VolumeSpec(id, pool(), sizeBytes, new Mark("volume " + id));
    }

    final BackendVolume volume(long sizeBytes) throws DriverException, InterruptedException {
        return driver.createVolume(spec(VolumeId.random(), sizeBytes));
    }

    final BackendVolume volume(long sizeBytes, int generation) throws Exception {
        BackendVolume volume = volume(sizeBytes);
        write(volume.location(), sizeBytes, generation);
        return volume;
    }

    final BackendSnapshot snapshot(BackendVolume volume)
            throws DriverException, InterruptedException {
        return driver.createSnapshot(snapshotSpec(SnapshotId.random(), volume.id()));
    }

    static SnapshotSpec snapshotSpec(SnapshotId id, VolumeId volume) {
        return new SnapshotSpec(id, volume, new Mark("snapshot " + id));
    }

    final BackendVolume clone(BackendSnapshot source, long sizeBytes)
            throws DriverException, InterruptedException {
        return driver.createFromSnapshot(
                spec(VolumeId.random(), sizeBytes), source.id(), source.volume());
    }

    final void write(String location, long sizeBytes, int generation) throws IOException {
        try (SeekableByteChannel content = content(location, true)) {
            Pattern.write(content, 0, sizeBytes, generation);
            if (content instanceof FileChannel file) {
                file.force(true);
            }
        }
    }

    final void verify(String location, long sizeBytes, int generation) throws IOException {
        try (SeekableByteChannel content = content(location, false)) {
            assertThat(content.size()).isEqualTo(sizeBytes);
            Pattern.verify(content, 0, sizeBytes, generation);
        }
    }

    final void verifyNoRubbish() throws Exception {
        assertThat(rubbish(storage, driver.inventory())).isEmpty();
    }

    /** The call fails so, and leaves everything as it was. */
    final void assertRefused(DriverException.Kind kind, ThrowingCallable call) throws Exception {
        Inventory before = driver.inventory();
        assertFails(kind, call);
        assertSame(driver.inventory(), before);
        verifyNoRubbish();
    }

    static void assertSame(Inventory found, Inventory expected) {
        assertThat(found.volumes()).containsExactlyInAnyOrderElementsOf(expected.volumes());
        assertThat(found.snapshots()).containsExactlyInAnyOrderElementsOf(expected.snapshots());
    }
}
