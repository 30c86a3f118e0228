package io.cairn.plugin.faulty;

import io.cairn.plugin.faulty.Drill.Fault;
import io.cairn.plugin.faulty.Schedule.Signature;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Makes calls, and has them go wrong as a drill says. Safe for many threads. */
final class Faults {
    /** What the JVM ends with when a fault halts it, unlike any status of a daemon's own. */
    static final int HALTED = 86;

    /** How often a hung call looks whether it is released. */
    private static final Duration LOOK = Duration.ofMillis(10);

    private final Drill drill;
    private final Duration late;

    /**
     * @param late how long late calls wait
     */
    Faults(Drill drill, Duration late) {
        this.drill = drill;
        this.late = late;
    }

    /** A call of the driver that is wrapped. */
    interface Call<T extends @Nullable Object> {
        T make() throws DriverException, InterruptedException;

        /** Makes it first where it is made twice. */
        default void makeFirst() throws DriverException, InterruptedException {
            Object _ = make();
        }

        /** Gives back what it answered, which nobody is going to be told. */
        default void discard(T answer) {}

        /** Whether it may say now that there is no space, which it then may not have used. */
        default boolean mayBeFull() throws DriverException, InterruptedException {
            return false;
        }

        /** Leaves nothing of it, whether it was made, half made, or not. */
        default void undo() throws DriverException, InterruptedException {}
    }

    /**
     * Makes a call, or has it go wrong.
     *
     * @param arguments that it is made with
     */
    <T extends @Nullable Object> T call(Signature signature, List<?> arguments, Call<T> call)
            throws DriverException, InterruptedException {
        Optional<Fault> next = drill.next(signature);
        if (next.isEmpty()) {
            return call.make();
        }
        Fault fault = next.get();
        String target = target(arguments);
        try {
            return switch (fault.kind()) {
                case FULL_BEFORE, FULL_AFTER -> {
                    if (!call.mayBeFull()) {
                        yield call.make();
                    }
                    throw full(fault, target, call);
                }
                case UNAVAILABLE_BEFORE,
                        FAULT_BEFORE,
                        BUG_BEFORE,
                        ERROR_BEFORE,
                        INTERRUPTED_BEFORE,
                        NULL_BEFORE,
                        LATE_BEFORE,
                        HANG_BEFORE,
                        HALT_BEFORE -> {
                    if (strike(fault, target)) {
                        yield call.make();
                    }
                    yield nothing();
                }
                case UNAVAILABLE_AFTER,
                        FAULT_AFTER,
                        BUG_AFTER,
                        ERROR_AFTER,
                        INTERRUPTED_AFTER,
                        NULL_AFTER,
                        LATE_AFTER,
                        HANG_AFTER,
                        HALT_AFTER -> {
                    T made = call.make();
                    boolean told = false;
                    try {
                        told = strike(fault, target);
                    } finally {
                        if (!told) {
                            call.discard(made);
                        }
                    }
                    yield told ? made : nothing();
                }
                case TWICE -> {
                    call.makeFirst();
                    long _ = drill.strike(fault, target);
                    yield call.make();
                }
            };
        } finally {
            drill.over(fault);
        }
    }

    /** Goes wrong; or says whether the call then goes on, and does not answer with null. */
    private boolean strike(Fault fault, String target)
            throws DriverException, InterruptedException {
        long number = drill.strike(fault, target);
        String what =
                "fault %d of the drill, %s of %s"
                        .formatted(number, fault.kind().word(), fault.call());
        switch (fault.kind()) {
            case UNAVAILABLE_BEFORE, UNAVAILABLE_AFTER ->
                    throw new DriverException(DriverException.Kind.UNAVAILABLE, what);
            case FAULT_BEFORE, FAULT_AFTER ->
                    throw new DriverException(DriverException.Kind.FAULT, what);
            case BUG_BEFORE, BUG_AFTER -> throw new IllegalStateException(what);
            case ERROR_BEFORE, ERROR_AFTER -> throw new NoClassDefFoundError(what);
            case INTERRUPTED_BEFORE, INTERRUPTED_AFTER -> throw new InterruptedException(what);
            case NULL_BEFORE, NULL_AFTER -> {
                return false;
            }
            case LATE_BEFORE, LATE_AFTER -> Thread.sleep(late);
            case HANG_BEFORE, HANG_AFTER -> hang(number);
            case HALT_BEFORE, HALT_AFTER -> Runtime.getRuntime().halt(HALTED);
            case TWICE, FULL_BEFORE, FULL_AFTER ->
                    throw new IllegalStateException("%s is no end of a call".formatted(what));
        }
        return true;
    }

    private <T extends @Nullable Object> DriverException full(
            Fault fault, String target, Call<T> call) throws DriverException, InterruptedException {
        if (fault.kind() == Kind.FULL_AFTER) {
            T _ = call.make();
        }
        long number = drill.strike(fault, target);
        call.undo();
        return new DriverException(
                DriverException.Kind.NO_SPACE,
                "fault %d of the drill, %s of %s"
                        .formatted(number, fault.kind().word(), fault.call()));
    }

    /** As a call of a kernel that does not answer: whoever interrupts it learns of it later. */
    private void hang(long number) {
        boolean interrupted = false;
        while (!drill.isReleased(number)) {
            try {
                Thread.sleep(LOOK);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** What no driver may answer. */
    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // it is the fault itself
    private static <T extends @Nullable Object> T nothing() {
        return null;
    }

    /** The id that a call is about first. */
    private static String target(List<?> arguments) {
        for (Object argument : arguments) {
            switch (argument) {
                case VolumeSpec spec -> {
                    return spec.id().toString();
                }
                case SnapshotSpec spec -> {
                    return spec.id().toString();
                }
                case Target target -> {
                    return target.volume().toString();
                }
                case VolumeId id -> {
                    return id.toString();
                }
                case null, default -> {
                    // Not an object on the backend.
                }
            }
        }
        return "";
    }
}
