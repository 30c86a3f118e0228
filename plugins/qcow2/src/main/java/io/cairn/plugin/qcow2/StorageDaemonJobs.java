package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.FAULT;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.Qmp;
import io.cairn.plugin.local.qemu.QmpException;
import io.cairn.plugin.local.qemu.StorageDaemon;
import io.cairn.plugin.local.qemu.StorageDaemonMonitor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a storage daemon does in the background: moves content between layers that are used. Fails
 * as {@link StorageDaemon} does.
 *
 * <p>When all is moved, QEMU changes the header of a layer so that others are not needed below it
 * any more. By itself it would do that while it still keeps where it put the content in its memory
 * only: were it killed then, the content would be lost. So a job stops before that; {@link #all}
 * makes what was moved durable, and then lets the job go on. For that a job is called by what it
 * writes to: NAME.NODE.
 */
final class StorageDaemonJobs {
    private static final String ID = "id";
    private static final String JOB_ID = "job-id";
    private static final String PENDING = "pending";

    private final StorageDaemonMonitor monitor;

    StorageDaemonJobs(StorageDaemonMonitor monitor) {
        this.monitor = monitor;
    }

    /**
     * Begins to write what a layer below the top holds into the next one, while all is used. When
     * it is done, the layer is not needed any more; the header of the one above it then has the
     * name that is given. It ends only if {@link #all} is called from time to time, and then is to
     * be dismissed.
     *
     * @param upper which layer, counted from the top, which is 0
     * @param count how many there must be
     * @param name what the header of the layer above it is to say
     * @param job a name of letters, digits, dots and hyphens that begins with a letter
     * @throws OsException IN_USE if another process has one of the two open, or another job works
     *     there; FAULT if there are more or less layers
     */
    void commit(int upper, int count, String name, String job)
            throws OsException, IOException, InterruptedException {
        monitor.talk(
                qmp -> {
                    List<LayerId> chain = NodeGraph.of(qmp).chain();
                    if (chain.size() != count || upper < 1 || upper > count - 2) {
                        throw new OsException(
                                FAULT,
                                "the storage daemon has %d layers open, where there are %d"
                                        .formatted(chain.size(), count));
                    }
                    Node base = Node.of(chain.get(upper + 1));
                    Map<String, Object> arguments = arguments(job, base);
                    arguments.put("device", StorageDaemon.DISK);
                    arguments.put("top-node", Node.of(chain.get(upper)).name());
                    arguments.put("base-node", base.name());
                    // Else it would be an absolute path, and the folder could not be moved.
                    arguments.put("backing-file", name);
                    return qmp.execute("block-commit", arguments);
                });
    }

    private static Map<String, Object> arguments(String job, Node written) {
        Map<String, Object> arguments = new HashMap<>();
        arguments.put(JOB_ID, job + "." + written.name());
        arguments.put("auto-finalize", false);
        arguments.put("auto-dismiss", false);
        return arguments;
    }

    /** All there are, also those that ended and were not dismissed; has those end that are done. */
    List<Job> all() throws OsException, IOException, InterruptedException {
        return monitor.talk(
                qmp -> {
                    List<Job> jobs = new ArrayList<>();
                    for (Known known : known(qmp)) {
                        if (known.job().status().equals(PENDING)) {
                            finish(qmp, known);
                        }
                        jobs.add(known.job());
                    }
                    return jobs;
                });
    }

    /**
     * Cancels a job that runs, and waits until it has ended, well or not; a minute at most.
     *
     * @return false if there is none
     */
    boolean concluded(String job) throws OsException, IOException, InterruptedException {
        return monitor.talk(
                qmp -> {
                    monitor.await("end job " + job, () -> isConcluded(qmp, job));
                    return find(qmp, job).isPresent();
                });
    }

    /**
     * Cancels a job that runs, and forgets it; closes layers that nothing needs any more. What was
     * moved by then stays, and does no harm. Waits for a minute at most. It may be repeated.
     */
    void dismiss(String job) throws OsException, IOException, InterruptedException {
        monitor.talk(
                qmp -> {
                    monitor.await("end job " + job, () -> isDismissed(qmp, job));
                    for (LayerId unused : NodeGraph.of(qmp).unused()) {
                        qmp.execute("blockdev-del", Map.of("node-name", Node.of(unused).name()));
                    }
                    return job;
                });
    }

    /** A job with what QEMU calls it, and which node it writes to. */
    private record Known(String id, Job job, Node written) {}

    /** Makes durable what was moved, and then lets QEMU rely on it. */
    private static void finish(Qmp qmp, Known known) throws QmpException, IOException {
        Optional<LayerId> below = NodeGraph.of(qmp).below(known.written());
        qmp.execute(
                "blockdev-reopen",
                Map.of(
                        "options",
                        List.of(known.written().reopening(below.map(Node::of).orElse(null)))));
        try {
            qmp.execute("job-finalize", Map.of(ID, known.id()));
        } catch (QmpException e) {
            // Cancelled by another thread since, unless it waits still.
            Optional<Known> now = find(qmp, known.job().id());
            if (now.isPresent() && now.get().job().status().equals(PENDING)) {
                throw e;
            }
        }
    }

    private static Optional<Known> find(Qmp qmp, String job) throws QmpException, IOException {
        return known(qmp).stream().filter(each -> each.job().id().equals(job)).findFirst();
    }

    private static List<Known> known(Qmp qmp) throws QmpException, IOException {
        List<Known> known = new ArrayList<>();
        for (JsonNode job : qmp.execute("query-jobs", Map.of())) {
            String id = job.path(ID).asText();
            int dot = Math.max(0, id.lastIndexOf('.'));
            known.add(
                    new Known(
                            id,
                            new Job(
                                    id.substring(0, dot),
                                    job.path("status").asText(),
                                    job.path("current-progress").asLong(),
                                    job.path("total-progress").asLong(),
                                    Optional.ofNullable(job.get("error")).map(JsonNode::asText)),
                            new Node(id.substring(dot + 1))));
        }
        return known;
    }

    /** Does the next step to that end. */
    private static boolean isConcluded(Qmp qmp, String job) throws QmpException, IOException {
        Optional<Known> now = find(qmp, job);
        if (now.isEmpty() || now.get().job().concluded()) {
            return true;
        }
        try {
            qmp.execute("job-cancel", Map.of(ID, now.get().id()));
        } catch (QmpException _) {
            // It is in another state by now, and the next look finds it there.
        }
        return false;
    }

    /** Does the next step to that end. */
    private static boolean isDismissed(Qmp qmp, String job) throws QmpException, IOException {
        Optional<Known> now = find(qmp, job);
        if (now.isPresent() && isConcluded(qmp, job)) {
            qmp.execute("job-dismiss", Map.of(ID, now.get().id()));
        }
        return now.isEmpty();
    }
}
