package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Growing;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;

/** Volumes and snapshots as block devices of this host. */
abstract class AttachingCases extends AlterationCases {
    @Test
    void anAttachedVolumeIsWrittenThroughItsDevice() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(4 * MIB, 1);
        Target target = Target.of(volume.id());
        Attachment attachment = attaching.attach(target, false);
        assertThat(attachment).isEqualTo(new Attachment(attachment.device(), false, 4 * MIB));
        try (SeekableByteChannel device = content(attachment.device(), true)) {
            assertThat(device.size()).isEqualTo(4 * MIB);
            Pattern.verify(device, 0, 4 * MIB, 1);
            Pattern.write(device, MIB, 2 * MIB, 2);
        }
        attaching.detach(target);
        try (SeekableByteChannel content = content(volume.location(), false)) {
            Pattern.verify(content, 0, MIB, 1);
            Pattern.verify(content, MIB, 2 * MIB, 2);
            Pattern.verify(content, 2 * MIB, 4 * MIB, 1);
        }
    }

    @Test
    void attachedAgainItIsTheSameDeviceAlsoForAnotherDriver() throws Exception {
        Target target = Target.of(volume(MIB, 1).id());
        Attachment attachment = the(driver.attaching()).attach(target, false);
        assertThat(the(driver.attaching()).attach(target, false)).isEqualTo(attachment);
        reopen();
        Attaching attaching = the(driver.attaching());
        assertThat(attaching.attached(target)).contains(attachment);
        assertThat(attaching.attach(target, false)).isEqualTo(attachment);
        attaching.detach(target);
        assertThat(attaching.attached(target)).isEmpty();
        attaching.detach(target);
    }

    @Test
    void whatIsAttachedTheOtherWayConflicts() throws Exception {
        Attaching attaching = the(driver.attaching());
        Target target = Target.of(volume(MIB, 1).id());
        for (boolean readOnly : new boolean[] {true, false}) {
            Attachment attachment = attaching.attach(target, readOnly);
            assertThat(attachment.readOnly()).isEqualTo(readOnly);
            assertRefused(CONFLICT, () -> attaching.attach(target, !readOnly));
            assertThat(attaching.attached(target)).contains(attachment);
            attaching.detach(target);
        }
    }

    @Test
    void aReadOnlyDeviceRefusesWrites() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), MIB, 2);
        Target cut = Target.of(volume.id(), snapshot.id());
        for (Target target : new Target[] {cut, Target.of(volume.id())}) {
            Attachment attachment = attaching.attach(target, !target.fixed());
            assertThat(attachment.readOnly()).isTrue();
            assertThatThrownBy(
                            () -> {
                                try (SeekableByteChannel device =
                                        content(attachment.device(), true)) {
                                    Pattern.write(device, 0, 4 * KIB, 3);
                                    sync(device);
                                }
                            })
                    .isInstanceOfAny(IOException.class, IllegalStateException.class);
            verify(attachment.device(), MIB, target.fixed() ? 1 : 2);
            attaching.detach(target);
        }
        verify(snapshot.location(), MIB, 1);
    }

    @Test
    void whatIsNotThereIsNotAttachedAndDetachesAtOnce() throws Exception {
        Attaching attaching = the(driver.attaching());
        VolumeId volume = volume(MIB).id();
        Target none = Target.of(VolumeId.random());
        Target noSnapshot = Target.of(volume, SnapshotId.random());
        for (Target target : new Target[] {none, noSnapshot}) {
            assertRefused(NOT_FOUND, () -> attaching.attach(target, true));
            assertThat(attaching.attached(target)).isEmpty();
            attaching.detach(target);
        }
        attaching.detach(Target.of(volume));
    }

    @Test
    void aDeviceThatIsOpenIsNotDetached() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(MIB, 1);
        Target target = Target.of(volume.id());
        Attachment attachment = attaching.attach(target, false);
        try (SeekableByteChannel device = content(attachment.device(), true)) {
            assertRefused(IN_USE, () -> attaching.detach(target));
            assertThat(attaching.attached(target)).contains(attachment);
            Pattern.write(device, 0, MIB, 2);
        }
        // It was not only put off until nobody has it open.
        assertThat(attaching.attached(target)).contains(attachment);
        verify(attachment.device(), MIB, 2);
        attaching.detach(target);
        verify(volume.location(), MIB, 2);
    }

    @Test
    void whatIsAttachedIsNotDeleted() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        Target cut = Target.of(volume.id(), snapshot.id());
        attaching.attach(cut, true);
        assertRefused(IN_USE, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        attaching.detach(cut);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        for (boolean readOnly : new boolean[] {true, false}) {
            attaching.attach(Target.of(volume.id()), readOnly);
            assertRefused(IN_USE, () -> driver.deleteVolume(volume.id()));
            attaching.detach(Target.of(volume.id()));
        }
        driver.deleteVolume(volume.id());
        verifyNoRubbish();
    }

    @Test
    void anAttachedVolumeDoesNotGoBack() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        for (boolean readOnly : new boolean[] {true, false}) {
            attaching.attach(Target.of(volume.id()), readOnly);
            assertRefused(IN_USE, () -> the(driver.reverting()).revert(volume.id(), snapshot.id()));
            attaching.detach(Target.of(volume.id()));
        }
    }

    @Test
    void anAttachedVolumeGrowsWithItsDevice() throws Exception {
        Attaching attaching = the(driver.attaching());
        Growing growing = the(driver.growing());
        Target target = Target.of(volume(MIB, 1).id());
        for (boolean readOnly : new boolean[] {true, false}) {
            long size = readOnly ? 2 * MIB : 3 * MIB;
            String device = attaching.attach(target, readOnly).device();
            if (!growsWhileAttached()) {
                assertRefused(IN_USE, () -> growing.grow(target.volume(), size));
                attaching.detach(target);
                growing.grow(target.volume(), size);
                device = attaching.attach(target, readOnly).device();
            } else {
                growing.grow(target.volume(), size);
            }
            assertThat(attaching.attached(target).orElseThrow().sizeBytes()).isEqualTo(size);
            verifyParts(device, MIB, 1, size);
            attaching.detach(target);
        }
    }

    @Test
    void aSnapshotUnderAWriterOfTheDeviceIsOfOneInstant() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(16 * MIB);
        Target target = Target.of(volume.id());
        String device = attaching.attach(target, false).device();
        try (SeekableByteChannel content = uncached(device)) {
            assertSnapshotsOfInstants(volume, content, 20);
        }
        attaching.detach(target);
    }

    @Test
    void aSnapshotAndACloneHoldWhatWasWrittenToTheDeviceBefore() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(4 * MIB, 1);
        Target target = Target.of(volume.id());
        Attachment attachment = attaching.attach(target, false);
        try (SeekableByteChannel device = content(attachment.device(), true)) {
            for (int i = 2; i < 6; i++) {
                Pattern.write(device, 0, 4 * MIB, i);
                BackendSnapshot snapshot;
                try {
                    snapshot = snapshot(volume);
                } catch (DriverException e) {
                    assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(UNSUPPORTED);
                    continue;
                }
                verify(snapshot.location(), 4 * MIB, i);
                Pattern.write(device, 0, 4 * MIB, i + 50);
                BackendVolume clone =
                        the(driver.cloning())
                                .cloneVolume(spec(VolumeId.random(), 4 * MIB), volume.id());
                Pattern.write(device, 0, 4 * MIB, i + 100);
                sync(device);
                verify(snapshot.location(), 4 * MIB, i);
                verify(clone.location(), 4 * MIB, i + 50);
                driver.deleteVolume(clone.id());
            }
        }
        attaching.detach(target);
        verifyNoRubbish();
    }

    @Test
    void aSnapshotUnderAWriterToTheDeviceIsOfOneInstantOrRefused() throws Exception {
        Attaching attaching = the(driver.attaching());
        BackendVolume volume = volume(16 * MIB);
        Target target = Target.of(volume.id());
        Attachment attachment = attaching.attach(target, false);
        try (SeekableByteChannel device = content(attachment.device(), true)) {
            assertSnapshotsOfInstants(volume, new Synced(device), 10);
        }
        attaching.detach(target);
    }

    /** Makes each write durable, as who relies on the order of his writes must. */
    private static final class Synced implements SeekableByteChannel {
        private final SeekableByteChannel device;

        Synced(SeekableByteChannel device) {
            this.device = device;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            int written = device.write(from);
            sync(device);
            return written;
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            return device.read(into);
        }

        @Override
        public long position() throws IOException {
            return device.position();
        }

        @Override
        public SeekableByteChannel position(long to) throws IOException {
            device.position(to);
            return this;
        }

        @Override
        public long size() throws IOException {
            return device.size();
        }

        @Override
        public SeekableByteChannel truncate(long size) throws IOException {
            throw new UnsupportedOperationException("devices keep their size");
        }

        @Override
        public boolean isOpen() {
            return device.isOpen();
        }

        @Override
        public void close() {
            // The device is closed by who opened it.
        }
    }

    private static void sync(SeekableByteChannel content) throws IOException {
        if (content instanceof FileChannel file) {
            file.force(false);
        }
    }
}
