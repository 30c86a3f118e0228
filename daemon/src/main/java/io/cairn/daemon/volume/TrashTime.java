package io.cairn.daemon.volume;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.Statements;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.Urgency;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The time by which what is in the trash grows old. The clock of the host may jump, and a week
 * ahead would empty the trash; so this one only moves by what the daemon saw pass. It begins as the
 * clock of the host. While the daemon runs it moves with a clock that never jumps. A time for which
 * the daemon did not run it takes from the clock of the host, but never backwards, and of each at
 * most {@link #LONGEST_STOP}: nobody could bring anything back meanwhile, and hosts begin with
 * wrong clocks. So things stay longer, never shorter, than they should. Safe for many threads.
 */
final class TrashTime {
    static final Duration LONGEST_STOP = Duration.ofHours(1);

    /** Far below the longest stop: what passed since the last time counts as one. */
    private static final Duration WRITTEN_EVERY = Duration.ofMinutes(1);

    private record Written(Instant passed, Instant seenAt) {}

    private final StateStore store;
    private final InstantSource host;
    private final LongSupplier nanos;
    private final long beganAt;
    private final Instant began;
    private long writtenAt;

    /**
     * @param host the clock of the host
     * @param nanos as {@link System#nanoTime}
     */
    TrashTime(StateStore store, InstantSource host, LongSupplier nanos) {
        this.store = store;
        this.host = host;
        this.nanos = nanos;
        Instant wall = host.instant();
        beganAt = nanos.getAsLong();
        began = written().map(last -> last.passed().plus(stop(last, wall))).orElse(wall);
        writtenAt = beganAt;
    }

    private static Duration stop(Written last, Instant now) {
        Duration stop = Duration.between(last.seenAt(), now);
        if (stop.isNegative()) {
            return Duration.ZERO;
        }
        return stop.compareTo(LONGEST_STOP) > 0 ? LONGEST_STOP : stop;
    }

    private Optional<Written> written() {
        return store.reads()
                .withHandle(
                        handle ->
                                handle.createQuery("SELECT passed, seen_at FROM trash_time")
                                        .map(
                                                (row, _) ->
                                                        new Written(
                                                                Rows.instant(row.getLong(1)),
                                                                Rows.instant(row.getLong(2))))
                                        .findFirst());
    }

    Instant now() {
        return began.plusNanos(nanos.getAsLong() - beganAt);
    }

    /** Writes it down if that was not done for a minute. */
    synchronized void keep() throws StoreException {
        if (nanos.getAsLong() - writtenAt < WRITTEN_EVERY.toNanos()) {
            return;
        }
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    write(statements);
                    return true;
                });
        writtenAt = nanos.getAsLong();
    }

    /** Writes it down with what gets into the trash, which is never younger then. */
    void write(Statements statements) throws SQLException {
        PreparedStatement update =
                statements.prepare("UPDATE trash_time SET passed = ?, seen_at = ? WHERE id = 1");
        update.setLong(1, Rows.nanos(now()));
        update.setLong(2, Rows.nanos(host.instant()));
        if (update.executeUpdate() == 0) {
            PreparedStatement insert =
                    statements.prepare(
                            "INSERT INTO trash_time (id, passed, seen_at) VALUES (1, ?, ?)");
            insert.setLong(1, Rows.nanos(now()));
            insert.setLong(2, Rows.nanos(host.instant()));
            insert.executeUpdate();
        }
    }
}
