package io.cairn.daemon.volume;

import java.util.Locale;

/**
 * Where a volume or a snapshot stands in its life. The number is for monitors and never changes.
 */
public enum ObjectState {
    CREATING(1),
    AVAILABLE(2),
    DELETING(3),
    /** A host is connected to it. */
    IN_USE(4),
    EXTENDING(5),
    REVERTING(6),
    /** A change of it was begun and failed, so that it is not known yet what became of it. */
    ERROR(7),
    /** As {@link #ERROR}, and the change is its deletion. */
    ERROR_DELETING(8),
    DELETED(9);

    private final int code;

    ObjectState(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** Whether it stays in this state until somebody wants another; any number may be in it. */
    boolean atRest() {
        return this == AVAILABLE || this == IN_USE;
    }

    /** All of them with their numbers, for descriptions. */
    public static final String CODES =
            "1 creating, 2 available, 3 deleting, 4 in-use, 5 extending, 6 reverting, 7 error, 8 error-deleting, 9 deleted";

    /** The state as operators read it, in lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
