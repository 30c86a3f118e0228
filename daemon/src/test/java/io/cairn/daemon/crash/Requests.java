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
    /** After these nothing was changed, whatever a drill has go wrong. */
    private static final Set<String> KNOWN =
            Set.of("INVALID", "NOT_FOUND", "CONFLICT", "IN_USE", "NO_SPACE", "UNSUPPORTED", "BUSY");

    /** After these it is not known what became of it. */
    private static final Set<String> UNKNOWN = Set.of("UNAVAILABLE", "FAULT");

    private final Records records;
    private boolean doubtful;

    Requests(Records records) {
        this.records = records;
    }

    /** Asks. */
    interface Request {
        void ask() throws JMException, IOException;
    }

    /**
     * Whether it is not known what became of any request since this was last asked, by the one
     * client that these are of.
     */
    boolean tookDoubt() {
        boolean took = doubtful;
        doubtful = false;
        return took;
    }

    boolean isDoubtful() {
        return doubtful;
    }

    /** Notes that it is not known how far a request came that has several parts. */
    void doubt() {
        doubtful = true;
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
        } else if (refusals.contains(code(refusal.get())) || isKnown(refusal.get())) {
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
        Optional<String> refusal = refusal(request);
        if (refusal.isEmpty()) {
            version.done();
        } else if (isKnown(refusal.get())) {
            version.refused();
        } else {
            isWrong(refusal.get());
        }
        return refusal.isEmpty();
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
        if (refusal.isEmpty() && (records.isUndisturbed() || records.isDrilled())) {
            records.problems.add("what is in use could be " + what);
        } else if (refusal.isPresent() && !rightly) {
            isWrong(refusal.get());
        }
        return rightly;
    }

    /** A refusal that a drill accounts for, and that says that nothing was changed. */
    private boolean isKnown(String refusal) {
        return records.isDrilled() && KNOWN.contains(code(refusal));
    }

    /** A refusal that nothing accounts for, unless the daemon is disturbed. */
    private void isWrong(String refusal) {
        if (records.isUndisturbed()) {
            records.problems.add("a client was refused: " + refusal);
        } else if (records.isDrilled() && !isKnown(refusal) && !isForeseen(refusal)) {
            records.problems.add("a client was told nothing of use: " + refusal);
        }
        doubtful |= !isKnown(refusal);
    }

    private static boolean isForeseen(String refusal) {
        return UNKNOWN.contains(code(refusal)) && !refusal.contains("in a way nobody foresaw (");
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
        records.calls.begin();
        try {
            request.ask();
            records.acknowledged.incrementAndGet();
            return Optional.empty();
        } catch (InstanceNotFoundException e) {
            return Optional.of("NOT_FOUND: " + e.getMessage());
        } catch (JMException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } finally {
            records.calls.end();
        }
    }

    private static String code(String refusal) {
        return refusal.split(":", 2)[0];
    }
}
