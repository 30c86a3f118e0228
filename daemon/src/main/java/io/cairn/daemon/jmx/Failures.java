package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.DamagedRowException;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.NoSuchElementException;

import javax.management.MBeanException;
import javax.management.ObjectName;

/**
 * What leaves when an operation fails: exceptions of the JDK alone, since a client has no other
 * classes, with a message that begins with the code. The message stands on both the MBeanException
 * and its cause, since some clients show the one and some the other.
 */
final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    static final String STOPPING = "the daemon is stopping; nothing was changed; try again later";

    private Failures() {}

    /** As for a call that came when the daemon took no new work any more. */
    static MBeanException stopping() {
        return failure(Code.UNAVAILABLE, STOPPING);
    }

    /** An argument that cannot be used; nothing was done. */
    static MBeanException invalid(String message) {
        return failure(Code.INVALID, message);
    }

    /**
     * @throws SecurityException as it is, since clients ask for another user when they see one
     */
    static MBeanException of(Exception failure, String operation, ObjectName name) {
        return switch (failure) {
            case OperationException e -> failure(e.code(), message(e));
            case DamagedRowException e -> failure(Code.FAULT, String.valueOf(e.getMessage()));
            case SecurityException e -> throw e;
            case InterruptedException _ -> {
                Thread.currentThread().interrupt();
                yield failure(
                        Code.UNAVAILABLE,
                        "%s on %s was interrupted, so it is not known what became of it; the daemon settles it, see Unfinished of %s"
                                .formatted(operation, name, BeanNames.DAEMON));
            }
            default -> {
                LOG.error("{} on {} failed in a way nobody foresaw", operation, name, failure);
                yield failure(
                        Code.FAULT,
                        "%s on %s failed in a way nobody foresaw (%s); the daemon's log has the details"
                                .formatted(operation, name, failure.getClass().getSimpleName()));
            }
        };
    }

    private static String message(OperationException e) {
        return e.getMessage() == null ? "no reason is known" : e.getMessage();
    }

    private static MBeanException failure(Code code, String message) {
        String text = code + ": " + message;
        RuntimeException cause =
                switch (code) {
                    case INVALID -> new IllegalArgumentException(text);
                    case NOT_FOUND -> new NoSuchElementException(text);
                    case UNSUPPORTED -> new UnsupportedOperationException(text);
                    case CONFLICT, IN_USE, NO_SPACE, BUSY, UNAVAILABLE, FAULT ->
                            new IllegalStateException(text);
                };
        MBeanException failure = new MBeanException(cause, text);
        // Where in the daemon it was thrown says nothing to a client, and some show all of it.
        cause.setStackTrace(new StackTraceElement[0]);
        failure.setStackTrace(new StackTraceElement[0]);
        return failure;
    }
}
