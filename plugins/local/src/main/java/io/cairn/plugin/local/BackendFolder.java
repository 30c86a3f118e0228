package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.DriverException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/**
 * A backend's folder, claimed and locked. Immutable; used by any number of threads.
 *
 * <p>Its inner folders are held open: should the file system be taken away from under the path,
 * nothing is looked for, or made, on the one below.
 */
public record BackendFolder(Path path, Fd root, Claim claim, Fd volumes, Fd snapshots)
        implements AutoCloseable {
    public static final String VOLUMES = "volumes";
    public static final String SNAPSHOTS = "snapshots";

    /** What NFS calls a file that was removed while somebody on this machine has it open. */
    public static final String STILL_OPEN = ".nfs";

    private static final int TRIES = 50;
    private static final long PAUSE_MILLIS = 20;

    /** Finds out whether a folder is fit for a driver. */
    public interface Fitness<T> {
        /** What the driver knows of it from then on. */
        T of(Native os, BackendFolder folder) throws OsException, IOException;
    }

    /**
     * Opens a folder, or claims one that is empty.
     *
     * @throws DriverException as {@link io.cairn.spi.DriverProvider#open}
     */
    public static <T> T open(Path path, BackendIdentity self, Fitness<T> fitness)
            throws DriverException {
        String what = "open backend '%s' in %s".formatted(self.backend(), path);
        Set<String> entries = Claim.entries(path, VOLUMES, self, what);
        try (Native os = new Native()) {
            Fd root = os.open(path.toString(), Native.O_RDONLY);
            try {
                Claim claim =
                        Claim.take(os, path, root, self, VOLUMES, entries.contains(VOLUMES), what);
                try {
                    return whole(os, path, root, claim, fitness);
                } catch (OsException | IOException | RuntimeException e) {
                    claim.close();
                    throw e;
                }
            } catch (OsException | DriverException | IOException | RuntimeException e) {
                root.close();
                throw e;
            }
        } catch (OsException e) {
            throw e.during(what);
        } catch (IOException e) {
            throw new DriverException(UNAVAILABLE, "cannot %s: %s".formatted(what, e), e);
        }
    }

    private static <T> T whole(Native os, Path path, Fd root, Claim claim, Fitness<T> fitness)
            throws OsException, IOException {
        boolean made = os.makeFolder(root, VOLUMES, 0700);
        made |= os.makeFolder(root, SNAPSHOTS, 0700);
        if (made) {
            os.sync(root);
        }
        Fd volumes = os.open(root, VOLUMES, Native.O_RDONLY);
        try {
            Fd snapshots = os.open(root, SNAPSHOTS, Native.O_RDONLY);
            try {
                return fitness.of(os, new BackendFolder(path, root, claim, volumes, snapshots));
            } catch (OsException | IOException | RuntimeException e) {
                snapshots.close();
                throw e;
            }
        } catch (OsException | IOException | RuntimeException e) {
            volumes.close();
            throw e;
        }
    }

    @Override
    public void close() {
        snapshots.close();
        volumes.close();
        claim.close();
        root.close();
    }

    /**
     * Tells a missing volume from a missing folder.
     *
     * @throws OsException UNAVAILABLE if the path no longer leads to what was opened
     */
    public void checkStillThere() throws OsException {
        try (Native os = new Native();
                Fd now = os.open(path.resolve(VOLUMES).toString(), Native.O_RDONLY)) {
            if (os.stat(now).sameFile(os.stat(volumes))) {
                return;
            }
        } catch (OsException e) {
            if (!e.is(OsException.ENOENT) && !e.is(OsException.ENOTDIR)) {
                throw e;
            }
        }
        throw new OsException(
                UNAVAILABLE,
                "%s is no longer the folder that was opened: put it back or mount it again, and if it is still refused then, restart the daemon"
                        .formatted(path));
    }

    /**
     * Removes a volume's folder, out of which all was removed. On NFS what others of our calls read
     * at that time stays until they close it, in a moment; or for good, if the machine failed
     * first.
     */
    public void removeVolume(Native os, String name) throws OsException {
        boolean interrupted = false;
        try {
            for (int left = TRIES; ; left--) {
                try {
                    os.remove(volumes, name, Native.AT_REMOVEDIR);
                    return;
                } catch (OsException e) {
                    if (!e.is(OsException.ENOTEMPTY) || left == 1) {
                        throw e;
                    }
                }
                removeForgotten(os, name);
                try {
                    Thread.sleep(PAUSE_MILLIS);
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void removeForgotten(Native os, String name) throws OsException {
        try (Fd home = os.open(volumes, name, Native.O_RDONLY)) {
            for (String each : Entries.names(Path.of(home.path()))) {
                if (each.startsWith(STILL_OPEN)) {
                    os.remove(home, each, 0);
                }
            }
        } catch (OsException e) {
            // It is open.
            if (!e.is(OsException.EBUSY) && !e.is(OsException.ENOENT)) {
                throw e;
            }
        } catch (IOException e) {
            throw new OsException(
                    FAULT, "cannot list %s/%s: %s".formatted(volumes.path(), name, e));
        }
    }

    /** Makes it another backend's, for when it is opened next. */
    public void handOver(Native os, BackendIdentity to) throws OsException {
        checkStillThere();
        claim.handOver(os, to);
    }
}
