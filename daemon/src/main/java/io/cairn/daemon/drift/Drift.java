package io.cairn.daemon.drift;

import io.cairn.spi.Target;

import java.util.Locale;
import java.util.Optional;

/**
 * One thing about which the state and a backend disagree.
 *
 * @param id of the object; empty if it could not be read
 * @param target the volume or snapshot; empty if it could not be read, or is neither
 * @param what the object in an operator's words
 * @param detail what is recorded and what is there
 * @param remedy what can be done about it
 */
public record Drift(
        Kind kind, String id, Optional<Target> target, String what, String detail, String remedy) {
    /** In which way they disagree. */
    public enum Kind {
        /** It is recorded, and the backend has it no more. */
        MISSING,
        /** The backend has it with Cairn's mark, and nothing is recorded of it. */
        ORPHANED,
        /** The backend has it with another size. */
        SIZE,
        /** The backend has it under another name, or with other labels or another description. */
        MARK,
        /** A host's access to it is recorded, and is not there. */
        CONNECTION,
        /** It lies where Cairn's objects do, and bears no mark of Cairn's. */
        FOREIGN,
        /** It is damaged, on the backend or in the state, so that nothing more can be said. */
        UNREADABLE;

        /** As operators read it, in lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
