package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.spi.DriverException;

import java.io.IOException;

/** Runs the driver's calls, so that each fails in the contract's way. */
final class Calls {
    private final Folder folder;

    Calls(Folder folder) {
        this.folder = folder;
    }

    /** What a call does. */
    interface Work<T> {
        T run(Native os) throws OsException, InterruptedException, IOException;
    }

    <T> T call(String what, Work<T> work) throws DriverException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted before it began to " + what);
        }
        try (Native os = new Native()) {
            return work.run(os);
        } catch (OsException e) {
            throw (e.is(OsException.ENOENT) ? missing(e) : e).told();
        } catch (IOException e) {
            throw new DriverException(UNAVAILABLE, e.toString(), e);
        }
    }

    /** Whatever is looked for may be missing because the whole folder is. */
    private OsException missing(OsException e) {
        try {
            folder.checkStillThere();
            return e;
        } catch (OsException gone) {
            gone.initCause(e);
            return gone;
        }
    }
}
