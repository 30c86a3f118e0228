package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import io.cairn.daemon.crash.Ledger.Attempt;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.ObjectName;

/** What clients ask of a daemon: noted before it is asked, and with its answer. */
final class Requests {
    private final Records records;

    Requests(Records records) {
        this.records = records;
    }

    /** Asks. */
    interface Request {
        void ask() throws JMException, IOException;
    }

    /** Whether it was done, which it must be. */
    boolean done(Request request) throws IOException {
        Optional<String> refusal = refusal(request);
        refusal.ifPresent(this::isWrong);
        return refusal.isEmpty();
    }

    /**
     * Asks for something that makes an object or takes it away.
     *
     * @param refusals what else than success is right
     * @return whether it was done
     */
    boolean done(Attempt attempt, Set<String> refusals, Request request) throws IOException {
        return done(List.of(attempt), refusals, request);
    }

    /** As {@link #done(Attempt, Set, Request)}, for what makes or takes away several at once. */
    boolean done(List<Attempt> attempts, Set<String> refusals, Request request) throws IOException {
        Optional<String> refusal = refusal(request);
        if (refusal.isEmpty()) {
            attempts.forEach(Attempt::done);
        } else if (refusals.contains(code(refusal.get()))) {
            attempts.forEach(Attempt::refused);
        } else {
            isWrong(refusal.get());
        }
        return refusal.isEmpty();
    }

    /**
     * Asks for what should be refused.
     *
     * @param refusals how
     * @return whether it was done
     */
    boolean answers(Set<String> refusals, Request request) throws IOException {
        Optional<String> refusal = refusal(request);
        if (refusal.isPresent() && !refusals.contains(code(refusal.get()))) {
            isWrong(refusal.get());
        }
        return refusal.isEmpty();
    }

    /** Sets a property of an object, by the key that {@link Versions} gives it. */
    boolean set(String key, String value, Request request) throws IOException {
        Versions.Version version = records.versions.asking(key, value);
        boolean done = done(request);
        if (done) {
            version.done();
        }
        return done;
    }

    /**
     * Asks for what must not be done to something in use.
     *
     * @param what it is, as {@code deleted}
     * @return whether it was refused for that
     */
    boolean refusedInUse(String what, Request request) throws IOException {
        Optional<String> refusal = refusal(request);
        boolean rightly = refusal.isPresent() && code(refusal.get()).equals("IN_USE");
        if (refusal.isEmpty() && records.isUndisturbed()) {
            records.problems.add("what is in use could be " + what);
        } else if (refusal.isPresent() && !rightly) {
            isWrong(refusal.get());
        }
        return rightly;
    }

    /** A refusal that nothing accounts for. */
    private void isWrong(String refusal) {
        if (records.isUndisturbed()) {
            records.problems.add("a client was refused: " + refusal);
        }
    }

    static void expect(ObjectName wanted, String returned) {
        expect(wanted.toString(), returned);
    }

    static void expect(String wanted, String returned) {
        if (!returned.equals(wanted)) {
            throw new AssertionError("%s was returned for %s".formatted(returned, wanted));
        }
    }

    static ObjectName volume(String name) {
        return Management.volume(BACKEND, name);
    }

    static ObjectName snapshot(String volume, String name) {
        return Management.snapshot(BACKEND, volume, name);
    }

    private Optional<String> refusal(Request request) throws IOException {
        records.asked.incrementAndGet();
        try {
            request.ask();
            records.acknowledged.incrementAndGet();
            return Optional.empty();
        } catch (InstanceNotFoundException e) {
            return Optional.of("NOT_FOUND: " + e.getMessage());
        } catch (JMException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static String code(String refusal) {
        return refusal.split(":", 2)[0];
    }
}
