package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;
import static io.cairn.daemon.crash.Requests.snapshot;
import static io.cairn.daemon.crash.Requests.volume;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

import javax.management.JMException;

/** How a client makes volumes and snapshots, by ids which it chooses, and takes them away. */
final class Making {
    static final long SIZE_BYTES = 256L << 10;

    private final Records records;
    private final Requests requests;

    Making(Records records, Requests requests) {
        this.records = records;
        this.requests = requests;
    }

    /** Makes a call that makes a volume of this id; returns the answer. */
    private interface Call {
        String make(String id) throws JMException, IOException;
    }

    /** Makes an empty volume. */
    Optional<Own> create(Management daemon, String name) throws IOException {
        return make(
                name,
                "empty",
                Content.zeroes(SIZE_BYTES),
                id ->
                        daemon.invoke(
                                Management.backend(BACKEND),
                                "createVolumeWith",
                                name,
                                SIZE_BYTES + "B",
                                "id=" + id));
    }

    /**
     * Makes a volume from a snapshot.
     *
     * @param source the snapshot's volume
     * @param snapshot its name
     * @param more by how much the volume is to be larger
     */
    Optional<Own> fromSnapshot(
            Management daemon, String name, Own source, String snapshot, long more)
            throws IOException {
        String from = source.snapshots().get(snapshot);
        if (from == null) {
            throw new IllegalArgumentException("%s has no %s".formatted(source, snapshot));
        }
        Content content = records.content(from);
        long size = content.sizeBytes() + more;
        return make(
                name,
                "from snapshots",
                content.in(size),
                id -> {
                    records.madeFrom(id, from);
                    return daemon.invoke(
                            snapshot(source.name(), snapshot),
                            "createVolumeWith",
                            name,
                            "id=" + id + ",size=" + size + "B");
                });
    }

    /** Makes a volume from another, as it is now. */
    Optional<Own> fromVolume(Management daemon, String name, Own source) throws IOException {
        return make(
                name,
                "from volumes",
                records.content(source.id()).in(source.sizeBytes()),
                id -> {
                    records.madeFrom(id, source.id());
                    return daemon.invoke(
                            volume(source.name()), "cloneVolumeWith", name, "id=" + id);
                });
    }

    private Optional<Own> make(String name, String from, Content content, Call call)
            throws IOException {
        String id = UUID.randomUUID().toString();
        records.asking(id, id, Changing.title(name, ""), content);
        boolean done =
                requests.done(
                        records.ledger.creates(id),
                        Set.of(),
                        () -> Requests.expect(volume(name), call.make(id)));
        records.count("created " + from, done);
        return done ? Optional.of(new Own(id, name, "", content.sizeBytes())) : Optional.empty();
    }

    /** Cuts a snapshot. */
    void cut(Management daemon, Own own, String snapshot) throws IOException {
        String id = UUID.randomUUID().toString();
        records.asking(
                id,
                own.id(),
                Changing.title(snapshot, ""),
                records.content(own.id()).in(own.sizeBytes()));
        boolean done = cutAs(daemon, own, snapshot, id);
        if (done) {
            own.snapshots().put(snapshot, id);
        }
        records.count("cut while connected", done && own.connected());
    }

    /** Asks once more for a snapshot that is there: nothing is cut again. */
    void repeat(Management daemon, Own own, String snapshot, String id) throws IOException {
        boolean _ = cutAs(daemon, own, snapshot, id);
    }

    private boolean cutAs(Management daemon, Own own, String snapshot, String id)
            throws IOException {
        return requests.done(
                records.ledger.creates(id),
                Set.of(),
                () ->
                        Requests.expect(
                                snapshot(own.name(), snapshot),
                                daemon.invoke(
                                        volume(own.name()),
                                        "createSnapshotWith",
                                        snapshot,
                                        "id=" + id)));
    }

    /** Deletes a snapshot; returns whether it is gone. */
    boolean deleteSnapshot(Management daemon, Own own, String snapshot, String id)
            throws IOException {
        boolean done =
                requests.done(
                        records.ledger.deletes(id),
                        Set.of(),
                        () -> daemon.invoke(snapshot(own.name(), snapshot), "delete", snapshot));
        if (done) {
            own.snapshots().remove(snapshot);
        }
        return done;
    }

    /**
     * Deletes a volume and its snapshots, and asks in vain if it is in use or held; returns whether
     * all are gone.
     */
    boolean deleteWithSnapshots(Management daemon, Own own) throws IOException {
        Requests.Request deletion =
                () -> daemon.invoke(volume(own.name()), "deleteWithSnapshots", own.name());
        if (own.connected() || own.held()) {
            boolean _ = requests.refusedInUse("deleted with its snapshots", deletion);
            return false;
        }
        List<Ledger.Attempt> cuts =
                own.snapshots().values().stream().map(records.ledger::deletes).toList();
        boolean done = requests.done(records.ledger.deletes(own.id()), Set.of(), deletion);
        if (done) {
            cuts.forEach(Ledger.Attempt::done);
        }
        records.count("deleted with their snapshots", done);
        return done;
    }

    /**
     * Deletes a volume if it is free, and asks in vain if it is not; returns whether it is gone.
     */
    boolean delete(Management daemon, Own own) throws IOException {
        Requests.Request deletion = () -> daemon.invoke(volume(own.name()), "delete", own.name());
        if (!own.free()) {
            boolean _ = requests.refusedInUse("deleted", deletion);
            return false;
        }
        return requests.done(records.ledger.deletes(own.id()), Set.of(), deletion);
    }
}
