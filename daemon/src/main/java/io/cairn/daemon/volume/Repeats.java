package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The requests that run. One that is asked for once more meanwhile, as by a client that got no
 * answer in time, joins the first: it waits for as long as that takes, does nothing of its own, and
 * is answered the same. Safe for many threads.
 *
 * <p>Only what the first did is shared. If it failed, or its caller is gone, those that joined it
 * ask for themselves, and again only one of them at a time.
 */
final class Repeats {
    /** So many wait for one request, each of which holds a caller's thread. */
    static final int MOST_JOINED = 256;

    private final ConcurrentHashMap<Object, Flight<?>> running = new ConcurrentHashMap<>();

    interface Body<T> {
        /**
         * Does what is asked for.
         *
         * @param flight is to be told the answer
         */
        T run(Flight<T> flight) throws OperationException, InterruptedException;
    }

    /** A request on its way. */
    final class Flight<T> {
        private final Object request;
        private final CountDownLatch ended = new CountDownLatch(1);
        private final AtomicInteger joined = new AtomicInteger();
        private volatile @Nullable T answer;
        private volatile @Nullable OperationException busy;

        private Flight(Object request) {
            this.request = request;
        }

        /**
         * Answers those that joined. By somebody who has the turn still: whoever asks later, when
         * others may have had theirs, does not join any more.
         */
        T answered(T what) {
            running.remove(request, this);
            answer = what;
            ended.countDown();
            return what;
        }

        private T run(Body<T> body) throws OperationException, InterruptedException {
            try {
                return body.run(this);
            } catch (OperationException e) {
                if (e.code() == Code.BUSY) {
                    busy = e;
                }
                throw e;
            } finally {
                running.remove(request, this);
                ended.countDown();
            }
        }
    }

    /**
     * What is asked for, for comparison.
     *
     * @param operation the method
     * @param about its arguments, all of them
     */
    static Object request(String operation, Object... about) {
        return List.of(operation, List.of(about));
    }

    /**
     * Runs a request, or joins the same that runs.
     *
     * @param request of the same type of answer wherever it is equal
     * @throws OperationException what the request failed with; BUSY if too many have joined, or if
     *     what it joined failed and it has waited for {@link Turns#PATIENCE} by then
     */
    <T> T once(Object request, Body<T> body) throws OperationException, InterruptedException {
        long begun = System.nanoTime();
        while (true) {
            Flight<T> own = new Flight<>(request);
            Flight<?> first = running.putIfAbsent(request, own);
            if (first == null) {
                return own.run(body);
            }
            await(first);
            @SuppressWarnings("unchecked") // as it is the same request
            T answer = (T) first.answer;
            if (answer != null) {
                return answer;
            }
            OperationException busy = first.busy;
            if (busy != null) {
                // It waited for long enough for both.
                throw new OperationException(Code.BUSY, String.valueOf(busy.getMessage()), busy);
            }
            if (System.nanoTime() - begun > Turns.PATIENCE.toNanos()) {
                throw new OperationException(
                        Code.BUSY,
                        "the same was asked for before, ran for long and failed; this request did nothing: look what became of it, and try again");
            }
        }
    }

    private static void await(Flight<?> first) throws OperationException, InterruptedException {
        try {
            if (first.joined.incrementAndGet() > MOST_JOINED) {
                throw new OperationException(
                        Code.BUSY,
                        "the same was asked for before and still runs, and %d requests wait for that; this one did nothing: try again later"
                                .formatted(MOST_JOINED));
            }
            first.ended.await();
        } finally {
            first.joined.decrementAndGet();
        }
    }

    /** Whether nothing runs. */
    boolean idle() {
        return running.isEmpty();
    }
}
