package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.Requests.snapshot;
import static io.cairn.daemon.crash.Requests.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What a client does to a volume of its own that stays, each returning the volume as it is then.
 */
final class Changing {
    static final String SIZE = "size";

    /** The name and the description, which change together or not at all. */
    static final String TITLE = "title";

    static final String LABELS = "labels";

    /** Whether a tag keeps it from being taken away. */
    static final String HELD = "held";

    static final String DEVICE = "device";
    static final String ATTACHED = "attached";

    /** On the way to a device, or from one. */
    static final String CONNECTED = "connected";

    /** Where power was lost, and the device with it. */
    static final String LOST = "lost";

    static final String DETACHED = "detached";

    private static final long MOST_BYTES = 1L << 20;

    private final Records records;
    private final Requests requests;
    private final Random random;

    Changing(Records records, Requests requests, Random random) {
        this.records = records;
        this.requests = requests;
        this.random = random;
    }

    static String title(String name, String description) {
        return "%s '%s'".formatted(name, description);
    }

    /** Makes it larger, as far as volumes here may be, or asks in vain for what it cannot be. */
    Own extend(Management daemon, Own own) throws JMException, IOException {
        long larger = own.sizeBytes() + records.layout().stepBytes() * (1 + random.nextInt(4));
        if (larger > MOST_BYTES) {
            return own;
        }
        if (own.connected() && !records.layout().growsInUse()) {
            extendInUse(daemon, own, larger);
            return own;
        }
        boolean done =
                requests.set(
                        Versions.key(own.id(), SIZE),
                        Long.toString(larger),
                        () -> daemon.invoke(volume(own.name()), "extend", larger + "B"));
        records.count("extended while connected", done && own.connected());
        if (!done) {
            return own;
        }
        records.resized(own.id(), larger);
        return own.ofSize(larger);
    }

    /** Asks in vain, unless the volume has lost its device, and is not in use therefore. */
    private void extendInUse(Management daemon, Own own, long larger)
            throws JMException, IOException {
        Path image = Path.of(daemon.text(volume(own.name()), "Location"));
        if (records.layout().images().device(image).isEmpty()) {
            return;
        }
        Versions.Version version =
                records.versions.asking(Versions.key(own.id(), SIZE), Long.toString(larger));
        boolean refused =
                requests.refusedInUse(
                        "extended",
                        () -> daemon.invoke(volume(own.name()), "extend", larger + "B"));
        if (refused) {
            version.refused();
        }
        records.count("refused extensions", refused);
    }

    Own describe(Management daemon, Own own) throws IOException {
        String text = text();
        boolean done =
                requests.set(
                        Versions.key(own.id(), TITLE),
                        title(own.name(), text),
                        () -> daemon.invoke(volume(own.name()), "setDescription", text));
        return done ? own.described(text) : own;
    }

    /** A description that is hardly any other's. */
    String text() {
        return "of " + random.nextInt(1_000);
    }

    /**
     * @param to a name that no other volume has
     */
    Own rename(Management daemon, Own own, String to) throws IOException {
        boolean done =
                requests.set(
                        Versions.key(own.id(), TITLE),
                        title(to, own.text()),
                        () ->
                                Requests.expect(
                                        volume(to),
                                        daemon.invoke(volume(own.name()), "rename", to)));
        records.count("renamed volumes", done);
        return done ? own.named(to) : own;
    }

    /**
     * Renames one of its snapshots.
     *
     * @param from the snapshot's name
     * @param to a name that no other snapshot of it has
     */
    Own renameSnapshot(Management daemon, Own own, String from, String to) throws IOException {
        String id = own.snapshots().get(from);
        if (id == null) {
            throw new IllegalArgumentException("%s has no %s".formatted(own, from));
        }
        boolean done =
                requests.set(
                        Versions.key(id, TITLE),
                        title(to, ""),
                        () ->
                                Requests.expect(
                                        snapshot(own.name(), to),
                                        daemon.invoke(snapshot(own.name(), from), "rename", to)));
        if (done) {
            own.snapshots().remove(from);
            own.snapshots().put(to, id);
        }
        records.count("renamed snapshots", done);
        return own;
    }

    /**
     * @param snapshot its name
     */
    Own revert(Management daemon, Own own, String snapshot, String snapshotId) throws IOException {
        records.reverting(own.id(), snapshotId);
        boolean done =
                requests.done(
                        () -> daemon.invoke(volume(own.name()), "revert", snapshot, own.name()));
        if (done) {
            records.reverted(own.id(), snapshotId);
        }
        records.count("reverted", done);
        return own;
    }

    Own label(Management daemon, Own own) throws IOException {
        String text = "n" + random.nextInt(1_000);
        boolean _ =
                requests.set(
                        Versions.key(own.id(), LABELS),
                        "kind=" + text,
                        () -> daemon.invoke(volume(own.name()), "setLabel", "kind", text));
        return own;
    }

    Own holdOrRelease(Management daemon, Own own) throws IOException {
        boolean hold = !own.held();
        boolean done =
                requests.set(
                        Versions.key(own.id(), HELD),
                        Boolean.toString(hold),
                        () ->
                                daemon.invoke(
                                        volume(own.name()), hold ? "hold" : "release", "audit"));
        return done ? own.held(hold) : own;
    }

    /** Connects this host and attaches. */
    Own attach(Management daemon, Own own) throws IOException {
        Versions.Version _ = records.versions.asking(Versions.key(own.id(), DEVICE), CONNECTED);
        boolean done =
                requests.set(
                        Versions.key(own.id(), DEVICE),
                        ATTACHED,
                        () -> {
                            String connection =
                                    daemon.invoke(volume(own.name()), "connect", "", "");
                            daemon.invoke(new ObjectName(connection), "attach");
                        });
        records.count("attached", done);
        if (!done) {
            requests.doubt();
        }
        return own.connected(true);
    }

    /** Detaches and disconnects whatever there is. */
    Own cleanUp(Management daemon, Own own) throws IOException {
        Versions.Version _ = records.versions.asking(Versions.key(own.id(), DEVICE), CONNECTED);
        boolean gone =
                requests.set(
                        Versions.key(own.id(), DEVICE),
                        DETACHED,
                        () -> daemon.invoke(volume(own.name()), "cleanup", own.name()));
        if (!gone) {
            requests.doubt();
        }
        return own.connected(!gone);
    }
}
