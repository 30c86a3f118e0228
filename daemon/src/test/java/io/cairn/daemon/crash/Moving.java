package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import io.cairn.daemon.crash.Ledger.Loss;

import java.io.IOException;
import java.util.Set;

import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Exports a backend, has the daemon forget it, and imports it again, until the daemon is killed. A
 * volume alone cannot be forgotten while its storage stays, and all others would be refused
 * meanwhile, so that nobody else works then.
 */
final class Moving {
    /** Of the backend: whether its volumes are known. */
    private static final String STATE = Versions.key(BACKEND, "state");

    private static final String KNOWN = "known";
    private static final String FORGOTTEN = "forgotten";

    private final Records records;
    private final Requests requests;
    private String known = "";
    private String file = "";
    private int exports;

    Moving(Records records) {
        this.records = records;
        this.requests = new Requests(records);
    }

    /** Exports everything, once no host has access to any of it. */
    void prepare(Management daemon, Found found) throws IOException {
        for (Found.Item volume : found.volumes().values()) {
            if (volume.connected()) {
                disconnect(daemon, volume);
            }
        }
        known =
                "%d volumes and %d snapshots"
                        .formatted(found.volumes().size(), found.snapshots().size());
        file = "backend-%d.json".formatted(++exports);
        boolean _ =
                requests.done(
                        () -> daemon.invoke(Management.DAEMON, "exportStateTo", BACKEND, file));
    }

    /** Moves everything once. */
    void step(Management daemon) throws IOException {
        boolean _ =
                requests.done(
                        () -> daemon.invoke(Management.DAEMON, "closeBackend", BACKEND, BACKEND));
        boolean _ =
                requests.set(
                        STATE,
                        FORGOTTEN,
                        () ->
                                Requests.expect(
                                        "forgot %s of backend %s".formatted(known, BACKEND),
                                        daemon.invoke(
                                                Management.DAEMON,
                                                "forgetBackend",
                                                BACKEND,
                                                BACKEND)));
        boolean _ = requests.done(() -> daemon.invoke(Management.DAEMON, "openBackend", BACKEND));
        records.count("moves of all", requests.set(STATE, KNOWN, () -> importOf(daemon)));
    }

    /**
     * After a start: imports again what was forgotten, which must be all or nothing. What it is
     * then is inspected like anything else.
     */
    void settle(Management daemon, Loss loss) throws JMException, IOException {
        Set<String> possible = records.versions.possible(STATE, KNOWN, loss);
        boolean nothing =
                daemon.number(Management.DAEMON, "VolumeCount") == 0
                        && daemon.rows("listVolumes").isEmpty()
                        && daemon.rows("listSnapshots").isEmpty();
        if (nothing && possible.contains(FORGOTTEN)) {
            importOf(daemon);
            records.count("forgotten at a start", true);
        } else if (!possible.contains(KNOWN)) {
            records.problems.add("volumes are known that were forgotten");
        }
    }

    private void importOf(Management daemon) throws JMException, IOException {
        String report = daemon.invoke(Management.DAEMON, "importStateFrom", file, "import");
        if (!report.endsWith(" created, 0 the same already, 0 in conflict\n")) {
            throw new AssertionError("not all was forgotten before it was imported: " + report);
        }
    }

    private void disconnect(Management daemon, Found.Item volume) throws IOException {
        ObjectName bean = Requests.volume(volume.name());
        boolean _ =
                requests.set(
                        Versions.key(volume.id(), Changing.DEVICE),
                        Changing.DETACHED,
                        () -> daemon.invoke(bean, "cleanup", volume.name()));
    }
}
