package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.rmi.server.RemoteServer;
import java.rmi.server.ServerNotActiveException;
import java.util.Set;

import javax.management.remote.JMXAuthenticator;
import javax.security.auth.Subject;

/** Logs the connector's clients in. */
final class Door implements JMXAuthenticator {
    private final boolean authentication;
    private final Users users;
    private final Role anonymous;
    private final Audit audit;

    Door(boolean authentication, Users users, Role anonymous, Audit audit) {
        this.authentication = authentication;
        this.users = users;
        this.anonymous = anonymous;
        this.audit = audit;
    }

    /**
     * Every failure is a SecurityException, since that is what makes VisualVM and JConsole ask
     * again.
     */
    @Override
    public Subject authenticate(@Nullable Object credentials) {
        String address = address();
        if (!authentication) {
            return subject(new Login("anonymous", address, () -> anonymous));
        }
        if (!(credentials instanceof String[] pair)
                || pair.length != 2
                || pair[0] == null
                || pair[1] == null) {
            audit.loginRefused("", address, "no user name and password");
            throw new SecurityException("DENIED: log in with a user name and a password");
        }
        try {
            Login login = users.verify(pair[0], pair[1], address);
            audit.loggedIn(login.getName(), login.caller().role(), address);
            return subject(login);
        } catch (SecurityException e) {
            audit.loginRefused(pair[0], address, String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private static Subject subject(Login login) {
        return new Subject(true, Set.of(login), Set.of(), Set.of());
    }

    private static String address() {
        try {
            return RemoteServer.getClientHost();
        } catch (ServerNotActiveException e) {
            throw new IllegalStateException("a login that did not come over the network", e);
        }
    }
}
