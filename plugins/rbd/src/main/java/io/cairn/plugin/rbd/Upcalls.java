package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What Ceph calls back, on threads of its own. There is one address for each kind, for as long as
 * the process lives; who is meant is told by a number. Nothing thrown may reach Ceph, for that ends
 * the JVM: it is kept, and Ceph is told to stop.
 */
@SuppressWarnings("restricted") // being called by Ceph's libraries is what this class is for
final class Upcalls {
    /** ECANCELED of asm-generic/errno.h. */
    static final int CANCELED = -125;

    private static final Map<Long, Upcall> WAITING = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();

    /** {@code librbd_progress_fn_t}. */
    static final MemorySegment PROGRESS =
            stub(
                    Progress.class,
                    (done, total, argument) -> call(argument, done, total),
                    MethodType.methodType(int.class, long.class, long.class, MemorySegment.class),
                    FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS));

    /** That of {@code rbd_diff_iterate2}. */
    static final MemorySegment DIFFERENCE =
            stub(
                    Difference.class,
                    (offset, length, _, argument) -> call(argument, offset, length),
                    MethodType.methodType(
                            int.class, long.class, long.class, int.class, MemorySegment.class),
                    FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS));

    private Upcalls() {}

    /** As rbd/librbd.h has them. */
    interface Progress {
        int call(long done, long total, MemorySegment argument);
    }

    /** The same. */
    interface Difference {
        int call(long offset, long length, int exists, MemorySegment argument);
    }

    /** Who is called. */
    interface Listener {
        /**
         * Takes a pair of numbers: how much is done of how much, or where something is and how
         * long.
         *
         * @return whether to go on
         */
        boolean told(long first, long second);
    }

    /** One that may be called until it is closed, which must be after Ceph's call returned. */
    static final class Upcall implements AutoCloseable {
        private final Listener listener;
        private final long number = NUMBERS.incrementAndGet();
        private volatile Optional<Throwable> thrown = Optional.empty();

        Upcall(Listener listener) {
            this.listener = listener;
            WAITING.put(number, this);
        }

        /** What Ceph is to hand back. */
        MemorySegment argument() {
            return MemorySegment.ofAddress(number);
        }

        /** Throws what the listener threw. */
        void check() {
            if (thrown.isPresent()) {
                throw new IllegalStateException("a callback failed", thrown.get());
            }
        }

        @Override
        public void close() {
            WAITING.remove(number);
        }

        private int call(long first, long second) {
            try {
                return listener.told(first, second) ? 0 : CANCELED;
            } catch (Throwable e) {
                thrown = Optional.of(e);
                return CANCELED;
            }
        }
    }

    private static int call(MemorySegment argument, long first, long second) {
        Upcall upcall = WAITING.get(argument.address());
        return upcall == null ? CANCELED : upcall.call(first, second);
    }

    private static <T> MemorySegment stub(
            Class<T> kind, T called, MethodType type, FunctionDescriptor as) {
        try {
            return Linker.nativeLinker()
                    .upcallStub(
                            MethodHandles.lookup().findVirtual(kind, "call", type).bindTo(called),
                            as,
                            Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
