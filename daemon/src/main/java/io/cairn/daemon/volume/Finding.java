package io.cairn.daemon.volume;

import java.util.Locale;

/**
 * What an import makes of one object.
 *
 * @param what the object in an operator's words
 * @param why it conflicts and what to do; empty if it does not
 */
public record Finding(Outcome outcome, String what, String why) {
    /** What becomes of it. */
    public enum Outcome {
        /** It is not known here, and is recorded. */
        CREATED,
        /** It is known here just so. */
        SAME,
        /** It cannot be recorded, and nothing is. */
        CONFLICT;

        /** As operators read it, in lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public static Finding created(String what) {
        return new Finding(Outcome.CREATED, what, "");
    }

    public static Finding same(String what) {
        return new Finding(Outcome.SAME, what, "");
    }

    public static Finding conflict(String what, String why) {
        return new Finding(Outcome.CONFLICT, what, why);
    }
}
