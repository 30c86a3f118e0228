package io.cairn.daemon.access;

import java.security.Principal;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The principal in the Subject of a connection. It is asked for its role at every call, so that a
 * user who was removed or lost a role has lost it on his open connections too. Being private to
 * this package it is also what tells our Subjects from those that other agents in the process make.
 */
final class Login implements Principal {
    private final String name;
    private final String address;
    private final Supplier<Role> role;

    Login(String name, String address, Supplier<Role> role) {
        this.name = name;
        this.address = address;
        this.role = role;
    }

    /**
     * @throws SecurityException if the user may no longer be logged in
     */
    Caller caller() {
        return new Caller(name, role.get(), address);
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Login login
                && login.name.equals(name)
                && login.address.equals(address);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, address);
    }

    @Override
    public String toString() {
        return name;
    }
}
