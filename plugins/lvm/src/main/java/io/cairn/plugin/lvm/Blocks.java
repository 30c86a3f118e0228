package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.FAULT;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;

/** Content of block devices. All of it stops at an interrupt, and is durable once it returns. */
final class Blocks {
    /** {@code linux/fs.h}: {@code _IO(0x12,127)}, which never leaves what was there. */
    private static final long BLKZEROOUT = 0x127f;

    /** {@code _IO(0x12,119)}. */
    private static final long BLKDISCARD = 0x1277;

    /** As much as is done between two looks for an interrupt. */
    private static final long SLICE = 64 << 20;

    private static final long BUFFER = 1 << 20;

    /** What is told apart: one copied on write is copied in pieces that are no smaller. */
    private static final long PIECE = Reserve.CHUNK;

    private Blocks() {}

    /** Has a part of a device read as zeroes, whatever it holds. */
    static void zero(Native os, Fd device, long from, long to)
            throws OsException, InterruptedException {
        ranges(os, device, from, to, BLKZEROOUT, "zero");
        os.sync(device);
    }

    /** Tells a device that nobody needs what it holds; false if it does not care. */
    static boolean discard(Native os, Fd device, long to) throws OsException, InterruptedException {
        try {
            ranges(os, device, 0, to, BLKDISCARD, "discard");
        } catch (OsException e) {
            if (e.isLacking()) {
                return false;
            }
            throw e;
        }
        os.sync(device);
        return true;
    }

    private static void ranges(Native os, Fd device, long from, long to, long request, String call)
            throws OsException, InterruptedException {
        MemorySegment range = os.buffer(2 * Long.BYTES);
        for (long at = from; at < to; at += SLICE) {
            checkInterrupt();
            range.setAtIndex(JAVA_LONG, 0, at);
            range.setAtIndex(JAVA_LONG, 1, Math.min(SLICE, to - at));
            int _ = os.ioctl(device, request, range.address(), call);
        }
    }

    /** Copies the first bytes of a device to another, which may hold anything. */
    static void copy(Native os, Fd from, Fd to, long bytes)
            throws OsException, InterruptedException {
        MemorySegment buffer = os.buffer(BUFFER);
        MemorySegment zeroes = os.buffer(BUFFER);
        MemorySegment range = os.buffer(2 * Long.BYTES);
        for (long at = 0; at < bytes; at += BUFFER) {
            checkInterrupt();
            long length = Math.min(BUFFER, bytes - at);
            read(os, from, buffer, length, at);
            if (equal(buffer, zeroes, 0, length)) {
                range.setAtIndex(JAVA_LONG, 0, at);
                range.setAtIndex(JAVA_LONG, 1, length);
                int _ = os.ioctl(to, BLKZEROOUT, range.address(), "zero");
            } else {
                write(os, to, buffer, length, at);
            }
        }
        os.sync(to);
    }

    /**
     * Gives a device the content of another, and zeroes after it, but writes no piece that has it.
     *
     * @param fromBytes the size of the other
     * @param toBytes the device's own, no smaller
     */
    static void restore(Native os, Fd from, long fromBytes, Fd to, long toBytes)
            throws OsException, InterruptedException {
        MemorySegment wanted = os.buffer(BUFFER);
        MemorySegment there = os.buffer(BUFFER);
        for (long at = 0; at < toBytes; at += BUFFER) {
            checkInterrupt();
            long length = Math.min(BUFFER, toBytes - at);
            long known = Math.clamp(fromBytes - at, 0, length);
            wanted.asSlice(known).fill((byte) 0);
            read(os, from, wanted, known, at);
            read(os, to, there, length, at);
            for (long piece = 0; piece < length; piece += PIECE) {
                long part = Math.min(PIECE, length - piece);
                if (!equal(wanted, there, piece, part)) {
                    write(os, to, wanted.asSlice(piece), part, at + piece);
                }
            }
        }
        os.sync(to);
    }

    private static boolean equal(MemorySegment one, MemorySegment other, long at, long bytes) {
        return MemorySegment.mismatch(one, at, at + bytes, other, at, at + bytes) < 0;
    }

    private static void read(Native os, Fd device, MemorySegment into, long bytes, long at)
            throws OsException {
        for (long done = 0; done < bytes; ) {
            long read = os.read(device, into.asSlice(done), bytes - done, at + done);
            if (read == 0) {
                throw new OsException(
                        FAULT,
                        "%s ends at byte %d, before its end".formatted(device.path(), at + done));
            }
            done += read;
        }
    }

    private static void write(Native os, Fd device, MemorySegment from, long bytes, long at)
            throws OsException {
        for (long done = 0; done < bytes; ) {
            done += os.write(device, from.asSlice(done), bytes - done, at + done);
        }
    }

    private static void checkInterrupt() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted before all was written");
        }
    }
}
