package io.cairn.daemon.volume.history;

import io.cairn.daemon.volume.VolumeEvent;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** Notes every call of every client. Safe for many threads. */
public final class Recorder {
    private final AtomicLong clock = new AtomicLong();

    @SuppressWarnings("ThreadLocalUsage") // there is one recorder for each test
    private final ThreadLocal<Long> effect = ThreadLocal.withInitial(() -> 0L);

    private final Queue<Call> calls = new ConcurrentLinkedQueue<>();

    /** Carries a request out. */
    public interface Door {
        /**
         * Asks and waits for the answer.
         *
         * @return nothing if the answer says nothing for certain, as of what is changing right now
         */
        Optional<Answer> ask(Request request) throws Exception;
    }

    /** A listener of the volumes, which hears of an effect on the thread that made it. */
    public void accept(VolumeEvent event) {
        switch (event) {
            case VolumeEvent.VolumeCreated _,
                    VolumeEvent.VolumeDeleted _,
                    VolumeEvent.VolumeAltered _,
                    VolumeEvent.SnapshotCreated _,
                    VolumeEvent.SnapshotDeleted _,
                    VolumeEvent.SnapshotAltered _,
                    VolumeEvent.ConnectionChanged _ ->
                    effect.set(clock.incrementAndGet());
            default -> {}
        }
    }

    Optional<Answer> ask(int client, Door door, Request request) throws Exception {
        effect.set(0L);
        long invoked = clock.incrementAndGet();
        Optional<Answer> answer = door.ask(request);
        long returned = clock.incrementAndGet();
        answer.ifPresent(
                what ->
                        calls.add(
                                new Call(client, request, what, invoked, effect.get(), returned)));
        return answer;
    }

    /** What was noted since the last time, while nobody calls. */
    public List<Call> take() {
        List<Call> taken = new ArrayList<>(calls);
        calls.clear();
        return taken;
    }
}
