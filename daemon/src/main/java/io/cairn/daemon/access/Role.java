package io.cairn.daemon.access;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a caller may do; each role covers those before it. */
public enum Role {
    /** Reads every attribute and invokes every query of the visible beans. */
    READER,
    /** Also creates, snapshots and deletes single objects. */
    OPERATOR,
    /** Also deletes what others depend on, forgets, adopts and configures. */
    ADMIN;

    /** The descriptor field that names the least role of an operation or a writable attribute. */
    public static final String FIELD = "role";

    public boolean covers(Role needed) {
        return compareTo(needed) >= 0;
    }

    /**
     * Reads a role as people write it, in lower case.
     *
     * @throws IllegalArgumentException if it is none; the message lists them
     */
    public static Role parse(String text) {
        return find(text)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "'%s' is no role: write one of %s"
                                                .formatted(
                                                        text,
                                                        Arrays.stream(values())
                                                                .map(Role::toString)
                                                                .collect(
                                                                        Collectors.joining(
                                                                                ", ")))));
    }

    /** As {@link #parse}, for texts where a word that is no role is nothing to complain about. */
    static Optional<Role> find(String text) {
        return Arrays.stream(values()).filter(role -> role.toString().equals(text)).findFirst();
    }

    /** The role as people write it, in lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
