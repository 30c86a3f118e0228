package io.cairn.daemon.access;

/**
 * Who is calling, found by {@link Callers#current}.
 *
 * @param name the user's name, or {@code in-process} or {@code anonymous}
 * @param role what he may do
 * @param address the numeric address he calls from, or {@code local} if not through the connector
 */
public record Caller(String name, Role role, String address) {
    /**
     * Refuses a caller who may not do something.
     *
     * @param what what he tried, for the message: {@code createSnapshot on cairn:type=Volume,…}
     * @throws SecurityException if his role does not cover the one needed
     */
    public void require(Role needed, String what) {
        if (!role.covers(needed)) {
            throw new SecurityException(
                    "DENIED: %s: %s is %s, and this needs %s; log in as a user with that role"
                            .formatted(what, name, role, needed));
        }
    }
}
