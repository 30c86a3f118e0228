package io.cairn.tck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Writes numbered blocks, one after another, all over a volume and again and again, so that from
 * the volume's content at one instant, and from no other, one can tell how far it had come. The
 * places jump up and down, since whatever reads the volume meanwhile goes one way.
 */
final class OrderedWriter implements AutoCloseable {
    private static final int BLOCK = 4096;

    private final SeekableByteChannel content;
    private final int blocks;
    private final FutureTask<Long> task = new FutureTask<>(this::run);
    private volatile long begun;
    private volatile long acknowledged;
    private volatile boolean stopped;

    private OrderedWriter(SeekableByteChannel content, long sizeBytes) {
        this.content = content;
        this.blocks = Math.toIntExact(sizeBytes / BLOCK);
    }

    /**
     * @param sizeBytes a power of two, at least one block
     */
    static OrderedWriter start(SeekableByteChannel content, long sizeBytes) {
        OrderedWriter writer = new OrderedWriter(content, sizeBytes);
        Thread.ofPlatform().daemon().name("ordered-writer").start(writer.task);
        return writer;
    }

    /** Waits for one more write and returns the number of the last one that is done. */
    long acknowledgedAfterAnother() throws ExecutionException, InterruptedException {
        long last = acknowledged;
        while (acknowledged == last) {
            if (task.isDone()) {
                throw new AssertionError("the writer ended at %d".formatted(task.get()));
            }
            Thread.onSpinWait();
        }
        return acknowledged;
    }

    /** The number of the last write that was begun. */
    long begun() {
        return begun;
    }

    /**
     * How far the writer had come when this was its content.
     *
     * @throws AssertionError if there was no such instant
     */
    static long instantOf(SeekableByteChannel content, long sizeBytes) throws IOException {
        int blocks = Math.toIntExact(sizeBytes / BLOCK);
        long[] found = new long[blocks];
        long last = 0;
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        content.position(0);
        for (int i = 0; i < blocks; i++) {
            block.clear();
            while (block.hasRemaining()) {
                if (content.read(block) < 0) {
                    throw new AssertionError("the content ends in block %d".formatted(i));
                }
            }
            LongBuffer words = block.flip().asLongBuffer();
            found[i] = words.get(0);
            while (words.hasRemaining()) {
                if (words.get() != found[i]) {
                    throw new AssertionError("block %d holds two writes".formatted(i));
                }
            }
            last = Math.max(last, found[i]);
        }
        long[] expected = new long[blocks];
        for (long k = Math.max(1, last - blocks + 1); k <= last; k++) {
            expected[place(k, blocks)] = k;
        }
        for (int i = 0; i < blocks; i++) {
            if (found[i] != expected[i]) {
                throw new AssertionError(
                        "write %d is there, but block %d is of write %d instead of %d"
                                .formatted(last, i, found[i], expected[i]));
            }
        }
        return last;
    }

    /** Stops it and passes on what it failed with. */
    @Override
    public void close() throws IOException {
        stopped = true;
        boolean interrupted = false;
        while (true) {
            try {
                task.get();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            } catch (ExecutionException e) {
                throw new IOException("the writer failed", e);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private long run() throws IOException {
        // As devices want it that are written without a cache.
        ByteBuffer block = ByteBuffer.allocateDirect(2 * BLOCK).alignedSlice(BLOCK).limit(BLOCK);
        while (!stopped) {
            long next = acknowledged + 1;
            block.clear().limit(BLOCK);
            while (block.hasRemaining()) {
                block.putLong(next);
            }
            block.flip();
            begun = next;
            content.position((long) place(next, blocks) * BLOCK);
            while (block.hasRemaining()) {
                content.write(block);
            }
            acknowledged = next;
        }
        return acknowledged;
    }

    /** Each place once in so many writes, since the factor is odd and the number a power of two. */
    private static int place(long number, int blocks) {
        return Math.floorMod(number * 0x9E3779B1L, blocks);
    }
}
