package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.spi.DriverException;

import java.io.IOException;

/** Runs the driver's calls, so that each fails in the contract's way. */
public final class Calls {
    private final Presence presence;
    private final Presence before;

    public Calls(Presence presence) {
        this(presence, () -> {});
    }

    /**
     * @param presence looked for where a call finds nothing
     * @param before looked for before each call
     */
    public Calls(Presence presence, Presence before) {
        this.presence = presence;
        this.before = before;
    }

    /** Whether the storage is still where it was when it was opened. */
    public interface Presence {
        /**
         * Looks for it.
         *
         * @throws OsException UNAVAILABLE if it is not
         */
        void check() throws OsException;
    }

    /** What a call does. */
    public interface Work<T> {
        T run(Native os) throws OsException, InterruptedException, IOException;
    }

    public <T> T call(String what, Work<T> work) throws DriverException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted before it began to " + what);
        }
        try (Native os = new Native()) {
            before.check();
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
            presence.check();
            return e;
        } catch (OsException gone) {
            gone.initCause(e);
            return gone;
        }
    }
}
