package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import javax.management.MBeanOperationInfo;
import javax.management.ObjectName;

/**
 * The record of what was changed, and by whom: one line for each login, operation and setting of an
 * attribute, and for each of them that was refused. Queries and reads are not recorded; monitors
 * make thousands of them.
 *
 * <p>Lines go to the logger {@value #LOGGER}, which the log configuration leads to a file of its
 * own. Whatever a client chose is quoted and escaped, so that a line is always one line and cannot
 * pretend to be another's. Secrets are masked. Any thread may call.
 */
public final class Audit {
    public static final String LOGGER = "cairn.audit";

    private static final Logger LOG = LoggerFactory.getLogger(LOGGER);
    private static final int KEPT = 1_000;

    /** Of all lines that are kept; a line is far shorter. */
    private static final int MOST_CHARACTERS = 1 << 20;

    /** Of the arguments in a line, which a client can make as many and as long as he likes. */
    private static final int MOST_OF_ARGUMENTS = 4_000;

    private static final int LONGEST_REASON = 500;

    private final LongSupplier nanos;
    private final Quota refusals;
    private final Deque<Line> kept = new ArrayDeque<>();
    private int keptCharacters;

    /**
     * A line that was written.
     *
     * @param text without secrets
     */
    public record Line(Instant at, String text) {}

    public Audit() {
        this(System::nanoTime);
    }

    /**
     * @param nanos the clock that refusals are rate-limited by
     */
    Audit(LongSupplier nanos) {
        this.nanos = nanos;
        this.refusals = new Quota(nanos);
    }

    /**
     * The newest lines since the daemon started, oldest first.
     *
     * @param limit at most so many, from 0 to 1000
     */
    public List<Line> recent(int limit) {
        synchronized (kept) {
            return List.copyOf(kept).subList(Math.max(0, kept.size() - limit), kept.size());
        }
    }

    /**
     * Checks the role and begins to record. Whoever called says how it ended, once.
     *
     * @throws SecurityException if the role does not suffice; that is recorded
     */
    Running begin(Caller caller, Role needed, Entry entry) {
        try {
            caller.require(needed, entry.what());
        } catch (SecurityException e) {
            refused(caller, entry);
            throw e;
        }
        return new Running(caller, needed, entry, nanos.getAsLong());
    }

    void refused(Caller caller, Entry entry) {
        refused(
                caller.address(),
                () ->
                        "who=%s role=%s from=%s did=%s arguments=%s outcome=\"refused\""
                                .formatted(
                                        Text.quoted(caller.name()),
                                        caller.role(),
                                        Text.quoted(caller.address()),
                                        Text.quoted(entry.what()),
                                        entry.arguments()));
    }

    void loggedIn(String name, Role role, String address) {
        write(
                "who=%s role=%s from=%s did=\"log in\" outcome=\"ok\""
                        .formatted(Text.quoted(name), role, Text.quoted(address)));
    }

    void loginRefused(String name, String address, String reason) {
        refused(
                address,
                () ->
                        "who=%s from=%s did=\"log in\" outcome=\"refused\" reason=%s"
                                .formatted(
                                        Text.quoted(name),
                                        Text.quoted(address),
                                        Text.quoted(reason)));
    }

    private void refused(String address, Supplier<String> line) {
        long unlogged = refusals.take(address);
        if (unlogged == 0) {
            write(line.get());
        } else if (unlogged > 0) {
            write(line.get() + " unrecorded=" + unlogged);
        }
    }

    private void write(String line) {
        synchronized (kept) {
            kept.addLast(new Line(Instant.now(), line));
            keptCharacters += line.length();
            while (kept.size() > KEPT || keptCharacters > MOST_CHARACTERS) {
                keptCharacters -= kept.removeFirst().text().length();
            }
        }
        LOG.info("{}", line);
    }

    /** The message of what an MBean threw is often two wrappers deep. */
    private static Throwable reason(Throwable thrown) {
        Throwable reason = thrown;
        for (int depth = 0; depth < 3; depth++) {
            Throwable cause = reason.getCause();
            if (cause == null || !reason.getClass().getName().startsWith("javax.management.")) {
                break;
            }
            reason = cause;
        }
        return reason;
    }

    /** Something that is being carried out for somebody who may. */
    final class Running {
        private final Caller caller;
        private final Role needed;
        private final Entry entry;
        private final long start;

        private Running(Caller caller, Role needed, Entry entry, long start) {
            this.caller = caller;
            this.needed = needed;
            this.entry = entry;
            this.start = start;
        }

        void ok() {
            ended("ok");
        }

        void failed(Throwable thrown) {
            ended("failed: " + entry.masked(String.valueOf(reason(thrown))));
        }

        private void ended(String outcome) {
            if (needed != Role.READER) {
                write(
                        "who=%s role=%s from=%s did=%s arguments=%s outcome=%s ms=%d"
                                .formatted(
                                        Text.quoted(caller.name()),
                                        caller.role(),
                                        Text.quoted(caller.address()),
                                        Text.quoted(entry.what()),
                                        entry.arguments(),
                                        Text.quoted(outcome, LONGEST_REASON),
                                        (nanos.getAsLong() - start) / 1_000_000));
            }
        }
    }

    /** One thing that somebody tries. Its arguments become text only if a line is written. */
    static final class Entry {
        private final String what;
        private final @Nullable MBeanOperationInfo operation;
        private final @Nullable Object @Nullable [] arguments;

        private Entry(
                String what,
                @Nullable MBeanOperationInfo operation,
                @Nullable Object @Nullable [] arguments) {
            this.what = what;
            this.operation = operation;
            this.arguments = arguments;
        }

        static Entry operation(
                ObjectName bean,
                String name,
                @Nullable MBeanOperationInfo operation,
                @Nullable Object @Nullable [] arguments) {
            return new Entry("%s on %s".formatted(name, bean), operation, arguments);
        }

        static Entry attribute(ObjectName bean, String name, @Nullable Object value) {
            @Nullable Object shown = Text.namesSecret(name) ? Text.MASK : value;
            return new Entry("set %s on %s".formatted(name, bean), null, new Object[] {shown});
        }

        static Entry other(String what) {
            return new Entry(what, null, null);
        }

        String what() {
            return what;
        }

        String arguments() {
            StringBuilder texts = new StringBuilder("[");
            int count = arguments == null ? 0 : arguments.length;
            for (int i = 0; i < count; i++) {
                if (texts.length() > MOST_OF_ARGUMENTS) {
                    return texts.append(", ... of %d arguments]".formatted(count)).toString();
                }
                Object argument = arguments == null ? null : arguments[i];
                texts.append(i == 0 ? "" : ", ")
                        .append(
                                isSecret(i)
                                        ? Text.quoted(Text.MASK)
                                        : Text.masked(Text.of(argument)));
            }
            return texts.append(']').toString();
        }

        /** A failure's message may repeat what it was given. */
        String masked(String message) {
            String masked = message;
            if (arguments != null) {
                for (int i = 0; i < arguments.length; i++) {
                    if (isSecret(i) && arguments[i] instanceof String secret && !secret.isEmpty()) {
                        masked = masked.replace(secret, Text.MASK);
                    }
                }
            }
            return Text.withoutSecrets(Text.beginning(masked));
        }

        private boolean isSecret(int index) {
            return operation != null
                    && index < operation.getSignature().length
                    && Text.isSecret(operation.getSignature()[index]);
        }
    }
}
