package io.cairn.plugin.faulty;

import java.lang.reflect.Method;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How a call goes wrong. Each could happen to a driver that keeps to its contract, or has a bug
 * that leaves the outcome unknown. Not among them is a failure that says that nothing was changed
 * though it was: no daemon could tell that from the truth.
 */
enum Kind {
    /** The backend does not answer, so that nothing is done. */
    UNAVAILABLE_BEFORE,
    /** The backend does it, and its answer is lost. */
    UNAVAILABLE_AFTER,
    /** Nothing is done, and the failure is one that nobody foresaw. */
    FAULT_BEFORE,
    /** It is done, and the failure is one that nobody foresaw. */
    FAULT_AFTER,
    /** A RuntimeException, which no driver may throw. */
    BUG_BEFORE,
    /** The same once it is done. */
    BUG_AFTER,
    /** An Error, as of a class that is missing. */
    ERROR_BEFORE,
    /** The same once it is done. */
    ERROR_AFTER,
    /** An InterruptedException, though nobody asked for it. */
    INTERRUPTED_BEFORE,
    /** The same once it is done. */
    INTERRUPTED_AFTER,
    /** Null in place of an answer, without anything done. */
    NULL_BEFORE,
    /** The same once it is done. */
    NULL_AFTER,
    /** It is begun late. */
    LATE_BEFORE,
    /** It is answered late. */
    LATE_AFTER,
    /** It is not begun before hung calls are released, whoever interrupts it. */
    HANG_BEFORE,
    /** It is not answered before hung calls are released, whoever interrupts it. */
    HANG_AFTER,
    /** The JVM ends at once, before it is begun. */
    HALT_BEFORE,
    /** The JVM ends at once when it is done, before anybody knows. */
    HALT_AFTER,
    /** It is done twice, and answered once, with the second answer. */
    TWICE,
    /** There is no space, and nothing is begun. */
    FULL_BEFORE,
    /** There is no space once it is done, and it is undone. */
    FULL_AFTER;

    /** The calls that can be undone, and so can run out of space at any time. */
    private static final Set<String> CREATIONS =
            Set.of("createVolume", "createSnapshot", "createFromSnapshot", "cloneVolume");

    /** What a schedule, a control file and the log call it. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Optional<Kind> of(String word) {
        return Stream.of(values()).filter(kind -> kind.word().equals(word)).findFirst();
    }

    /** Whether a call can go wrong so. */
    boolean fits(String call, Class<?> answer) {
        return switch (this) {
            case NULL_BEFORE, NULL_AFTER -> answer != void.class;
            case FULL_BEFORE -> CREATIONS.contains(call) || call.equals("grow");
            case FULL_AFTER -> CREATIONS.contains(call);
            // What is open holds the storage against a second one.
            case TWICE -> !call.equals(FaultyDriverProvider.OPEN);
            case UNAVAILABLE_BEFORE,
                    UNAVAILABLE_AFTER,
                    FAULT_BEFORE,
                    FAULT_AFTER,
                    BUG_BEFORE,
                    BUG_AFTER,
                    ERROR_BEFORE,
                    ERROR_AFTER,
                    INTERRUPTED_BEFORE,
                    INTERRUPTED_AFTER,
                    LATE_BEFORE,
                    LATE_AFTER,
                    HANG_BEFORE,
                    HANG_AFTER,
                    HALT_BEFORE,
                    HALT_AFTER ->
                    true;
        };
    }

    boolean fits(Method method) {
        return fits(method.getName(), method.getReturnType());
    }
}
