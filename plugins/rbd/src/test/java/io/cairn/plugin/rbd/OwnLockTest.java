package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Images whose lock the driver's own client has, though it has them open no more. */
@Tag("ceph")
final class OwnLockTest extends NamespaceFixture {
    private static final int EXCLUSIVE = 1;

    @Test
    void aVolumeWhoseLockWasNotGivenBackCanBeChangedAllTheSame() throws Throwable {
        BackendVolume volume = volume(2 * OBJECT);
        BackendSnapshot before = snapshot(volume);

        leaveLock(volume);
        BackendSnapshot after = snapshot(volume);
        leaveLock(volume);
        driver.deleteSnapshot(before.id(), volume.id());
        leaveLock(volume);
        driver.growing().orElseThrow().grow(volume.id(), 3 * OBJECT);
        leaveLock(volume);
        driver.reverting().orElseThrow().revert(volume.id(), after.id());
        driver.deleteSnapshot(after.id(), volume.id());
        leaveLock(volume);
        driver.deleteVolume(volume.id());

        assertThat(driver.inventory().volumes()).isEmpty();
    }

    @Test
    void aLockThatIsHeldStays() throws Throwable {
        BackendVolume volume = volume(2 * OBJECT);
        Cluster cluster = driver.cluster();
        String name = Names.image(volume.id());
        try (Image open = Image.open(cluster, name);
                Image other = Image.openToRead(cluster, name)) {
            assertThat(open.cut("a-snapshot")).isTrue();
            assertThat(OwnLock.end(cluster, other)).isFalse();
            assertThat(OwnLock.end(cluster, open)).isFalse();
            assertThat(Lockers.of(cluster, Names.headerOf(open.id()), "rbd_lock")).hasSize(1);
            assertThat(open.removeSnap("a-snapshot")).isTrue();
        }
    }

    /** As librbd would have it, for a watch that has ended. */
    @SuppressWarnings("restricted") // calling the library is what this is for
    private void leaveLock(BackendVolume volume) throws Throwable {
        MethodHandle exec =
                Linker.nativeLinker()
                        .downcallHandle(
                                SymbolLookup.libraryLookup("librados.so.2", Arena.global())
                                        .findOrThrow("rados_exec"),
                                FunctionDescriptor.of(
                                        JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                                        JAVA_LONG, ADDRESS, JAVA_LONG));
        Cluster cluster = driver.cluster();
        String object;
        try (Image image = Image.openToRead(cluster, Names.image(volume.id()))) {
            object = Names.headerOf(image.id());
        }
        // cls_lock_lock_op of cls/lock/cls_lock_ops.h.
        ByteBuffer body = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        text(body, "rbd_lock");
        body.put((byte) EXCLUSIVE);
        text(body, "auto 4711");
        text(body, "internal");
        text(body, "");
        body.putInt(0).putInt(0).put((byte) 0).flip();
        ByteBuffer asked =
                ByteBuffer.allocate(6 + body.remaining())
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put((byte) 1)
                        .put((byte) 1)
                        .putInt(body.remaining())
                        .put(body);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment in = arena.allocateFrom(JAVA_BYTE, asked.array());
            int result =
                    (int)
                            exec.invokeExact(
                                    cluster.io(),
                                    arena.allocateFrom(object),
                                    arena.allocateFrom("lock"),
                                    arena.allocateFrom("lock"),
                                    in,
                                    in.byteSize(),
                                    arena.allocate(64),
                                    64L);
            assertThat(result).isNotNegative();
        }
    }

    private static void text(ByteBuffer into, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        into.putInt(bytes.length).put(bytes);
    }
}
