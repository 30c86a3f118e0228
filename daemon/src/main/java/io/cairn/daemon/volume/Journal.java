package io.cairn.daemon.volume;

import io.cairn.daemon.store.Change;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.Statements;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.Urgency;
import io.cairn.spi.VolumeId;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Every change of what the state store knows of volumes, snapshots and connections. Each method is
 * one change: it returns once the change is on stable storage. Safe for many threads, whose changes
 * share syncs.
 */
final class Journal {
    private final StateStore store;
    private final TrashTime trashTime;

    Journal(StateStore store, TrashTime trashTime) {
        this.store = store;
        this.trashTime = trashTime;
    }

    /**
     * Returns once all that could be seen before is on stable storage. A store that failed to write
     * still shows what it did not write, and this then fails.
     */
    void confirm() throws StoreException {
        store.commit(Urgency.COMPLETING, _ -> true);
    }

    /**
     * Records what is about to be tried. A volume or a connection to be made is in the state from
     * now on.
     */
    void begin(Intent intent) throws StoreException {
        store.commit(
                Urgency.ORDINARY,
                statements -> {
                    if (intent instanceof Intent.Making making) {
                        Writes.insertVolume(statements, making.made());
                        if (intent instanceof Intent.AdoptVolume adopt) {
                            Writes.noteAdoption(statements, adopt.volume(), adopt.path());
                        }
                        // From now on the backend counts as used.
                        Writes.count(statements, intent.backend(), 0, 0);
                    }
                    if (intent instanceof Intent.ChangeConnection change
                            && change.step() == Intent.ChangeConnection.Step.CONNECT) {
                        Writes.insertConnection(statements, change.connection());
                        Writes.countConnections(statements, change.connection().target(), 1);
                    }
                    Writes.insertIntent(statements, intent);
                    return true;
                });
    }

    /** As {@link #begin}, of snapshots that are to be there together or not at all. */
    void beginGroup(List<Intent.CreateSnapshot> group) throws StoreException {
        store.commit(
                Urgency.ORDINARY,
                statements -> {
                    for (Intent.CreateSnapshot each : group) {
                        Writes.insertIntent(statements, each);
                    }
                    return true;
                });
    }

    /**
     * @param made as the backend has it
     */
    void volumeMade(Intent.Making intent, Volume made) throws StoreException {
        // How large something is that was adopted is known only now.
        complete(
                intent instanceof Intent.AdoptVolume adopt
                        ? new Intent.AdoptVolume(made, adopt.path(), adopt.begunAt())
                        : intent,
                statements -> {
                    PreparedStatement update =
                            statements.prepare(
                                    "UPDATE volume SET location = ?, size_bytes = ? WHERE id = ?");
                    update.setString(1, made.location());
                    update.setLong(2, made.sizeBytes());
                    update.setObject(3, made.id().value());
                    update.executeUpdate();
                    Writes.count(statements, intent.backend(), 1, 0);
                });
    }

    /**
     * @param kept how it is in the trash from now on, if it is
     */
    void volumeGone(Intent.Changing intent, Instant at, Optional<Kept> kept) throws StoreException {
        complete(
                intent,
                statements -> {
                    if (kept.isPresent()) {
                        TrashRows.insert(statements, intent.of(), at, trashTime, kept.get());
                    }
                    // What was given up is not gone.
                    if (intent instanceof Intent.DeleteVolume) {
                        Writes.insertTombstone(statements, intent.of(), at);
                    }
                    Writes.deleteVolume(statements, intent.volume());
                    Writes.count(statements, intent.backend(), -1, 0);
                });
    }

    void volumeExtended(Intent.ExtendVolume intent) throws StoreException {
        complete(
                intent,
                statements -> {
                    PreparedStatement update =
                            statements.prepare("UPDATE volume SET size_bytes = ? WHERE id = ?");
                    update.setLong(1, intent.sizeBytes());
                    update.setObject(2, intent.volume().value());
                    update.executeUpdate();
                });
    }

    void volumeReverted(Intent.RevertVolume intent) throws StoreException {
        complete(intent, _ -> {});
    }

    void volumeAltered(Intent.AlterVolume intent) throws StoreException {
        Volume after = intent.altered();
        complete(
                intent,
                statements ->
                        Writes.describe(
                                statements,
                                "volume",
                                after.id().value(),
                                after.name(),
                                after.description(),
                                after.labels()));
    }

    void snapshotCreated(Intent.CreateSnapshot intent, Snapshot snapshot) throws StoreException {
        complete(intent, statements -> insertNew(statements, snapshot));
    }

    /**
     * All at once.
     *
     * @param created the snapshots by the intents that made them
     */
    void groupCreated(Map<Intent.CreateSnapshot, Snapshot> created) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    for (Map.Entry<Intent.CreateSnapshot, Snapshot> each : created.entrySet()) {
                        insertNew(statements, each.getValue());
                        countInPool(statements, each.getKey());
                        erase(statements, each.getKey());
                    }
                    return true;
                });
    }

    private static void insertNew(Statements statements, Snapshot snapshot) throws SQLException {
        Writes.insertSnapshot(statements, snapshot);
        Writes.countSnapshots(statements, snapshot, 1);
    }

    /**
     * @param kept how it is in the trash from now on, if it is
     */
    void snapshotDeleted(Intent.DeleteSnapshot intent, Instant at, Optional<Kept> kept)
            throws StoreException {
        complete(
                intent,
                statements -> {
                    if (kept.isPresent()) {
                        TrashRows.insert(
                                statements,
                                Trashed.of(
                                        intent.doomed(),
                                        intent.pool(),
                                        at,
                                        trashTime.now(),
                                        kept.get()),
                                trashTime);
                    }
                    Writes.insertTombstone(statements, intent.doomed(), at);
                    PreparedStatement delete =
                            statements.prepare("DELETE FROM snapshot WHERE id = ?");
                    delete.setObject(1, intent.doomed().id().value());
                    delete.executeUpdate();
                    Writes.countSnapshots(statements, intent.doomed(), -1);
                });
    }

    void snapshotAltered(Intent.AlterSnapshot intent) throws StoreException {
        Snapshot after = intent.altered();
        complete(
                intent,
                statements ->
                        Writes.describe(
                                statements,
                                "snapshot",
                                after.id().value(),
                                after.name(),
                                after.description(),
                                after.labels()));
    }

    /**
     * @param after as it is now
     */
    void connectionChanged(Intent.ChangeConnection intent, Connection after) throws StoreException {
        complete(intent, statements -> Writes.updateConnection(statements, after));
    }

    void disconnected(Intent.ChangeConnection intent) throws StoreException {
        complete(
                intent,
                statements -> {
                    Connection gone = intent.connection();
                    Writes.deleteConnection(statements, gone.id());
                    Writes.countConnections(statements, gone.target(), -1);
                });
    }

    /** Records how a connection is found, or what its host says of it; no backend is involved. */
    void connectionFound(Connection connection) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    Writes.updateConnection(statements, connection);
                    return true;
                });
    }

    /**
     * Puts a tag on a volume or a snapshot, or leaves it as it is.
     *
     * @param table {@code volume} or {@code snapshot}
     */
    void hold(String table, UUID object, Hold hold) throws StoreException {
        store.commit(
                statements -> {
                    if (!Writes.held(statements, object, hold.tag())) {
                        Writes.insertHold(statements, object, hold);
                        Writes.countHolds(statements, table, object, 1);
                    }
                    return true;
                });
    }

    /**
     * Takes a tag off again.
     *
     * @return whether it was there
     */
    boolean release(String table, UUID object, String tag) throws StoreException {
        return store.commit(
                statements -> {
                    boolean held = Writes.deleteHold(statements, object, tag);
                    if (held) {
                        Writes.countHolds(statements, table, object, -1);
                    }
                    return held;
                });
    }

    /**
     * Records what was imported.
     *
     * @param counts what each pool gets by it
     * @param restored what leaves the trash with that; nothing else that is there may be recorded
     * @param also what is recorded with it
     */
    void takeIn(
            List<Addition> additions,
            Map<PoolTally.Key, PoolCounts> counts,
            Optional<Trashed> restored,
            Change<?> also)
            throws StoreException {
        store.commit(
                statements -> {
                    if (restored.isPresent()) {
                        TrashJournal.takeOut(statements, restored.get());
                    }
                    for (Addition addition : additions) {
                        addition.write(statements);
                    }
                    for (Map.Entry<PoolTally.Key, PoolCounts> each : counts.entrySet()) {
                        Writes.countInPool(
                                statements,
                                each.getKey().backend(),
                                new PoolChange(each.getKey().pool(), each.getValue()));
                    }
                    Object _ = also.apply(statements);
                    return true;
                });
    }

    /** Forgets all volumes of a backend and what belongs to them. */
    void forget(String backend) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    Writes.forget(statements, backend);
                    return true;
                });
    }

    /**
     * Forgets what was deleted before an instant, a bounded number at a time.
     *
     * @return how many were forgotten
     */
    int sweepTombstones(Instant before, int most) throws StoreException {
        return store.commit(statements -> Writes.sweepTombstones(statements, before, most));
    }

    /** Forgets an intent that came to nothing, and what it was to make. */
    void abandon(Intent intent) throws StoreException {
        finish(
                intent,
                statements -> {
                    if (intent instanceof Intent.Making making) {
                        VolumeId doomed = making.volume();
                        Writes.deleteVolume(statements, doomed);
                    }
                    if (intent instanceof Intent.ChangeConnection change
                            && change.step() == Intent.ChangeConnection.Step.CONNECT) {
                        Connection doomed = change.connection();
                        Writes.deleteConnection(statements, doomed.id());
                        Writes.countConnections(statements, doomed.target(), -1);
                    }
                    if (intent instanceof Intent.Damaged damaged) {
                        if (damaged.unmade()) {
                            Writes.deleteVolume(statements, damaged.volume());
                        }
                        if (damaged.connection().isPresent()) {
                            Writes.deleteUnmade(statements, damaged.connection().get());
                        }
                    }
                });
    }

    /** As {@link #abandon}, of intents that make nothing that is in the state before its time. */
    void abandonGroup(List<Intent.CreateSnapshot> group) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    for (Intent.CreateSnapshot each : group) {
                        erase(statements, each);
                    }
                    return true;
                });
    }

    private interface Completion {
        void apply(Statements statements) throws SQLException;
    }

    private void complete(Intent intent, Completion completion) throws StoreException {
        finish(
                intent,
                statements -> {
                    completion.apply(statements);
                    countInPool(statements, intent);
                });
    }

    private void finish(Intent intent, Completion completion) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    completion.apply(statements);
                    erase(statements, intent);
                    return true;
                });
    }

    private static void countInPool(Statements statements, Intent intent) throws SQLException {
        Optional<PoolChange> change = PoolChange.of(intent);
        if (change.isPresent()) {
            Writes.countInPool(statements, intent.backend(), change.get());
        }
    }

    private static void erase(Statements statements, Intent intent) throws SQLException {
        PreparedStatement delete = statements.prepare("DELETE FROM intent WHERE volume_id = ?");
        delete.setObject(1, intent.volume().value());
        delete.executeUpdate();
    }
}
