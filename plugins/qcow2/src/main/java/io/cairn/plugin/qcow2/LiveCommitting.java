package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.FAULT;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Chore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Moves from a layer that a storage daemon has open below the one that is written to.
 *
 * <p>Once a layer has taken another one's place, the storage daemon knows it by its former name
 * still, and opens it by that when it is to write to it again, so it keeps that name as long.
 * Layers are told by their places in the chain, which are the same; and what is between the end of
 * the work and that change is told by the job, which stays until it is dismissed.
 */
final class LiveCommitting implements Moving {
    private static final System.Logger LOG = System.getLogger(LiveCommitting.class.getName());
    private static final String JOB = "merge.";
    private static final long PAUSE_MILLIS = 50;

    private final Layers layers;
    private final LayeredDaemon daemon;
    private final List<LayerId> chain;
    private final LayerId upper;
    private final LayerId lower;
    private boolean stopped;
    private long done;
    private long total;

    /**
     * @param chain of the volume, from the layer that it is written to down
     */
    LiveCommitting(
            Layers layers,
            LayeredDaemon daemon,
            List<LayerId> chain,
            LayerId upper,
            LayerId lower) {
        this.layers = layers;
        this.daemon = daemon;
        this.chain = chain;
        this.upper = upper;
        this.lower = lower;
    }

    @Override
    public LayerId upper() {
        return upper;
    }

    @Override
    public boolean run() throws OsException, IOException, InterruptedException {
        try (Native os = new Native()) {
            if (isStopped() || end(os, layers, daemon)) {
                // What was left has changed the chain.
                return false;
            }
            String job = JOB + upper + "." + lower;
            daemon.commit(chain.indexOf(upper), chain.size(), upper.file(), job);
            while (true) {
                Optional<Job> now =
                        daemon.jobs().stream().filter(each -> each.id().equals(job)).findFirst();
                if (now.isEmpty()) {
                    // Ended by a call that had the volume go on in another layer.
                    return layers.isSame(os, upper, lower);
                }
                show(now.get());
                if (now.get().concluded() || isStopped()) {
                    boolean _ = end(os, layers, daemon);
                    check(now.get());
                    return layers.isSame(os, upper, lower);
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private void check(Job now) throws OsException {
        if (now.concluded()
                && now.error().isPresent()
                && !isStopped()
                && !now.error().get().contains("cancel")) {
            throw new OsException(
                    FAULT, "cannot merge layer %s: %s".formatted(upper, now.error().get()));
        }
    }

    /**
     * Ends the work of a storage daemon in the background: what is done takes effect, what is not
     * goes on later.
     *
     * @return whether there was any
     */
    static boolean end(Native os, Layers layers, LayeredDaemon daemon)
            throws OsException, IOException, InterruptedException {
        layers.ending().lockInterruptibly();
        try {
            List<Job> jobs = daemon.jobs();
            for (Job job : jobs) {
                end(os, layers, daemon, job.id());
            }
            return !jobs.isEmpty();
        } finally {
            layers.ending().unlock();
        }
    }

    private static void end(Native os, Layers layers, LayeredDaemon daemon, String job)
            throws OsException, IOException, InterruptedException {
        boolean _ = daemon.concluded(job);
        String[] names = job.split("\\.", -1);
        if (job.startsWith(JOB) && names.length == 3 && isDone(os, layers, daemon)) {
            Optional<LayerId> upper = LayerId.parse(names[1]);
            Optional<LayerId> lower = LayerId.parse(names[2]);
            if (upper.isPresent() && lower.isPresent()) {
                try {
                    layers.replace(os, upper.get(), lower.get(), true);
                } catch (OsException e) {
                    // As where there are no hard links. Both read the same, so nothing is lost but
                    // space; nothing is merged live any more until the storage daemon ends.
                    LOG.log(System.Logger.Level.WARNING, "cannot finish merging", e);
                }
            }
        }
        daemon.dismiss(job);
    }

    /**
     * Whether it needs a layer less than there are: a job that was cancelled may have ended well.
     */
    private static boolean isDone(Native os, Layers layers, LayeredDaemon daemon)
            throws OsException, IOException, InterruptedException {
        List<Path> open = daemon.chain();
        Optional<LayerId> top = LayerId.ofFile(open.getFirst().toFile().getName());
        return top.isPresent() && open.size() < layers.chain(os, top.get()).size();
    }

    private synchronized void show(Job now) {
        done = now.done();
        total = now.total();
    }

    private synchronized boolean isStopped() {
        return stopped;
    }

    @Override
    public synchronized void stop() {
        stopped = true;
    }

    @Override
    public synchronized Chore progress() {
        return new Chore("merge layer " + upper, Math.min(done, total), total, "");
    }
}
