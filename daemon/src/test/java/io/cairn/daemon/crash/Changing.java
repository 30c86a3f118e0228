package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import java.io.IOException;
import java.util.Random;

import javax.management.JMException;
import javax.management.ObjectName;

/** What a client does to a volume of its own that stays. */
final class Changing {
    static final String SIZE = "size";
    static final String TEXT = "text";
    static final String DEVICE = "device";
    static final String ATTACHED = "attached";
    static final String DETACHED = "detached";

    private static final long STEP_BYTES = 4096;
    private static final long MOST_BYTES = 1L << 20;

    private final Records records;
    private final Random random;

    Changing(Records records, Random random) {
        this.records = records;
        this.random = random;
    }

    /** Makes a volume larger; returns its size from then on, as far as the client knows. */
    long extend(Management daemon, String name, String id, long sizeBytes) throws IOException {
        long larger = sizeBytes + STEP_BYTES * (1 + random.nextInt(4));
        if (larger > MOST_BYTES) {
            return sizeBytes;
        }
        boolean done =
                set(
                        id,
                        SIZE,
                        Long.toString(larger),
                        () -> daemon.invoke(volume(name), "extend", larger + "B"));
        if (done) {
            records.resized(id, larger);
        }
        return done ? larger : sizeBytes;
    }

    void describe(Management daemon, String name, String id) throws IOException {
        String text = "of " + random.nextInt(1_000);
        boolean _ = set(id, TEXT, text, () -> daemon.invoke(volume(name), "setDescription", text));
    }

    /**
     * @param snapshot its name
     */
    void revert(Management daemon, String name, String id, String snapshot, String snapshotId)
            throws IOException {
        records.reverting(id, snapshotId);
        if (ask(() -> daemon.invoke(volume(name), "revert", snapshot, name))) {
            records.reverted(id, snapshotId);
        }
    }

    /** Connects this host and attaches. */
    boolean attach(Management daemon, String name, String id) throws IOException {
        return set(
                id,
                DEVICE,
                ATTACHED,
                () -> {
                    String connection = daemon.invoke(volume(name), "connect", "", "");
                    daemon.invoke(new ObjectName(connection), "attach");
                });
    }

    /** Detaches and disconnects whatever there is. */
    boolean cleanUp(Management daemon, String name, String id) throws IOException {
        return set(id, DEVICE, DETACHED, () -> daemon.invoke(volume(name), "cleanup", name));
    }

    private interface Asking {
        void ask() throws JMException, IOException;
    }

    private boolean set(String id, String property, String value, Asking asking)
            throws IOException {
        Versions.Version version = records.versions.asking(Versions.key(id, property), value);
        boolean done = ask(asking);
        if (done) {
            version.done();
        }
        return done;
    }

    private boolean ask(Asking asking) throws IOException {
        records.asked.incrementAndGet();
        try {
            asking.ask();
            records.acknowledged.incrementAndGet();
            return true;
        } catch (JMException e) {
            records.problems.add("a client was refused: " + e.getMessage());
            return false;
        }
    }

    private static ObjectName volume(String name) {
        return Management.volume(BACKEND, name);
    }
}
