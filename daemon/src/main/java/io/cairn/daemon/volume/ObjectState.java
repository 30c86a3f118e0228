package io.cairn.daemon.volume;

import java.util.Locale;

/**
 * Where a volume or a snapshot stands in its life. The number is for monitors and never changes.
 */
public enum ObjectState {
    CREATING(1),
    AVAILABLE(2),
    DELETING(3);

    private final int code;

    ObjectState(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** The state as operators read it, in lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
