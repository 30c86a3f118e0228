package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.security.Principal;
import java.util.concurrent.Callable;

import javax.management.MBeanAttributeInfo;
import javax.management.MBeanOperationInfo;
import javax.management.ObjectName;
import javax.security.auth.Subject;

/**
 * The second layer: what the MBeans ask before they act. A call through the connector carries the
 * user who logged in. A call without one, from an agent in the process or a local attach, has the
 * configured in-process role.
 *
 * <p>The Subject is a scoped value of the calling thread: another thread does not see it. Ask on
 * the thread that the MBean server calls on, and hand the {@link Caller} on. Any thread may ask.
 */
public final class Callers {
    private final Caller inProcess;
    private final Audit audit;

    /**
     * @param inProcessRole what callers may do that did not come through the connector
     */
    public Callers(Role inProcessRole, Audit audit) {
        this.inProcess = new Caller("in-process", inProcessRole, "local");
        this.audit = audit;
    }

    /** The record of what callers did. */
    public Audit audit() {
        return audit;
    }

    /**
     * Who is calling right now.
     *
     * @throws SecurityException if the user was removed, or changed his password, since he logged
     *     in
     */
    public Caller current() {
        Login login = login();
        return login == null ? inProcess : login.caller();
    }

    /**
     * Carries out an operation if its caller may, that is if his role covers the one in its
     * descriptor. What the connector does not see is audited here; the rest is audited there.
     *
     * @throws SecurityException if he may not; then the body was not called
     * @throws Exception whatever the body throws
     */
    public <T extends @Nullable Object> T invoke(
            ObjectName bean,
            MBeanOperationInfo operation,
            @Nullable Object @Nullable [] arguments,
            Callable<T> body)
            throws Exception {
        return carryOut(
                Operations.role(operation),
                Audit.Entry.operation(bean, operation.getName(), operation, arguments),
                body);
    }

    /** As {@link #invoke}, for the setting of an attribute. */
    public <T extends @Nullable Object> T set(
            ObjectName bean, MBeanAttributeInfo attribute, @Nullable Object value, Callable<T> body)
            throws Exception {
        return carryOut(
                Operations.role(attribute),
                Audit.Entry.attribute(bean, attribute.getName(), value),
                body);
    }

    private <T extends @Nullable Object> T carryOut(
            Role needed, Audit.Entry entry, Callable<T> body) throws Exception {
        Caller caller = current();
        if (login() != null) {
            caller.require(needed, entry.what());
            return body.call();
        }
        Audit.Running running = audit.begin(caller, needed, entry);
        try {
            T result = body.call();
            running.ok();
            return result;
        } catch (Throwable e) {
            running.failed(e);
            throw e;
        }
    }

    private static @Nullable Login login() {
        Subject subject = Subject.current();
        if (subject != null) {
            for (Principal principal : subject.getPrincipals()) {
                if (principal instanceof Login login) {
                    return login;
                }
            }
        }
        return null;
    }
}
