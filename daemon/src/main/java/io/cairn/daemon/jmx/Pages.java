package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Unfinished;
import io.cairn.daemon.volume.Volume;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * Cuts lists so that they fit the heap, however long their rows are and however many clients ask: a
 * page ends where it has become big, and only few are put together at a time. A client that is slow
 * to take its page keeps one, and no more. Safe for many threads.
 */
final class Pages {
    /**
     * What a page may take of the heap, in bytes. It is kept until its client has taken it, and 256
     * connections of this together are 64 MiB.
     */
    static final long MOST_BYTES = 256L << 10;

    /** One for the process, as the heap is. */
    static final Pages SHARED = new Pages(8, Duration.ofSeconds(10));

    /** So many rows are read before their size is looked at. */
    private static final int STEP = 25;

    /** An empty row, which is mostly its ObjectName and its map of a dozen items. */
    private static final long ROW_BYTES = 1_500;

    private final Semaphore free;
    private final Duration patience;

    /**
     * @param atOnce how many pages are put together at a time
     * @param patience how long the next one waits
     */
    Pages(int atOnce, Duration patience) {
        this.free = new Semaphore(atOnce, true);
        this.patience = patience;
    }

    /** One kind of list that the state has. */
    interface Source<T> {
        Page<T> read(int limit, String continuation) throws OperationException;
    }

    /**
     * Reads a page and puts it into the form that the client gets.
     *
     * @param limit at most so many rows; fewer if they are big, but never none if there are any
     * @throws OperationException BUSY if it waited too long for others
     */
    <T, R> R page(
            Source<T> source,
            ToLongFunction<T> bytes,
            int limit,
            String continuation,
            Function<Page<T>, R> form)
            throws OperationException, InterruptedException {
        return inTurn(() -> form.apply(read(source, bytes, limit, continuation)));
    }

    /** Something that reads much. */
    interface Reading<R> {
        R read() throws OperationException;
    }

    /**
     * Reads something that is not a page as one of the few that are read at a time.
     *
     * @throws OperationException BUSY if it waited too long for others
     */
    <R> R inTurn(Reading<R> reading) throws OperationException, InterruptedException {
        if (!free.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new OperationException(
                    Code.BUSY,
                    "too many lists are being read at the same time: try again in a moment");
        }
        try {
            return reading.read();
        } finally {
            free.release();
        }
    }

    private static <T> Page<T> read(
            Source<T> source, ToLongFunction<T> bytes, int limit, String continuation)
            throws OperationException {
        List<T> items = new ArrayList<>();
        long taken = 0;
        String next = continuation;
        do {
            Page<T> step = source.read(Math.min(limit - items.size(), STEP), next);
            items.addAll(step.items());
            taken += step.items().stream().mapToLong(bytes).sum();
            next = step.continuation();
        } while (!next.isEmpty() && items.size() < limit && taken < MOST_BYTES);
        return new Page<>(items, next);
    }

    /** The first of the changes, as many as fit a page. */
    static List<Unfinished> first(List<Unfinished> changes, int limit) {
        return first(
                changes, limit, change -> change.what().length() + change.lastError().length());
    }

    /**
     * The first of something, as many as fit a page.
     *
     * @param bytes what one takes beyond an empty row
     */
    static <T> List<T> first(List<T> all, int limit, ToLongFunction<T> bytes) {
        List<T> fitting = new ArrayList<>();
        long taken = 0;
        for (T one : all) {
            if (fitting.size() == limit || taken >= MOST_BYTES) {
                break;
            }
            fitting.add(one);
            taken += ROW_BYTES + bytes.applyAsLong(one);
        }
        return fitting;
    }

    static long bytes(Volume volume) {
        return ROW_BYTES + volume.description().length() + bytes(volume.labels());
    }

    static long bytes(Snapshot snapshot) {
        return ROW_BYTES + snapshot.description().length() + bytes(snapshot.labels());
    }

    private static long bytes(Map<String, String> labels) {
        return labels.entrySet().stream()
                .mapToLong(label -> label.getKey().length() + label.getValue().length())
                .sum();
    }
}
