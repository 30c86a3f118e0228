package io.cairn.plugin.local;

import java.util.concurrent.locks.LockSupport;

/**
 * Who has a file open, as far as the kernel lets one know: it gives nobody a lease while another
 * has the file open so that it matters.
 */
public final class Leases {
    // fcntl.h and signal.h, the same on x86-64, aarch64 and riscv64
    private static final int F_RDLCK = 0;
    private static final int F_WRLCK = 1;
    private static final int F_UNLCK = 2;
    private static final int F_SETSIG = 10;
    private static final int F_SETLEASE = 1024;
    private static final int F_GETLEASE = 1025;
    private static final int LOCK_EX_NB = 2 | 4;
    private static final int SIGURG = 23;

    /** A quarter of a second in all: a fork takes milliseconds, on a busy machine some tens. */
    private static final int FORK_TRIES = 25;

    private static final long FORK_PAUSE_NANOS = 10_000_000;

    private static final String CALL = "lease";

    private Leases() {}

    /**
     * Takes a read lease, which nobody gets while another has the file open for writing; who opens
     * it so afterwards waits for us.
     */
    public static void take(Native os, Fd file) throws OsException {
        quieten(os, file);
        outlastForks(() -> os.fcntl(file, F_SETLEASE, F_RDLCK, CALL));
    }

    /** As {@link #take}, but does not wait for anybody; false if it is not to be had. */
    public static boolean takeAtOnce(Native os, Fd file) throws OsException {
        try {
            quieten(os, file);
            os.fcntl(file, F_SETLEASE, F_RDLCK, CALL);
            return true;
        } catch (OsException e) {
            boolean _ = refused(e);
            return false;
        }
    }

    /** Whether the lease still stands and nobody waits for its end. */
    public static boolean holds(Native os, Fd file) throws OsException {
        return os.fcntl(file, F_GETLEASE, 0, CALL) == F_RDLCK;
    }

    /**
     * Whether anybody has a file open for writing; true where it cannot be known. A fork of ours
     * that is just under way counts too.
     */
    public static boolean mayBeWritten(Native os, Fd file) throws OsException {
        return refuses(os, file, F_RDLCK);
    }

    /**
     * Whether a file is open besides the one opening that is given, be it by a loop device; true
     * where it cannot be known.
     */
    public static boolean mayBeOpenElsewhere(Native os, Fd file) throws OsException {
        return refuses(os, file, F_WRLCK);
    }

    /** As {@link #mayBeWritten}, but a fork of ours is waited for. */
    public static boolean staysWritten(Native os, Fd file) throws OsException {
        try {
            take(os, file);
            release(os, file);
            return false;
        } catch (OsException e) {
            return refused(e);
        }
    }

    private static boolean refuses(Native os, Fd file, int kind) throws OsException {
        try {
            quieten(os, file);
            os.fcntl(file, F_SETLEASE, kind, CALL);
            // At once, so that nobody who opens it waits for us.
            release(os, file);
            return false;
        } catch (OsException e) {
            return refused(e);
        }
    }

    /** The kernel tells of a waiting opener by SIGIO, which would end the JVM. */
    private static void quieten(Native os, Fd file) throws OsException {
        os.fcntl(file, F_SETSIG, SIGURG, CALL);
    }

    private static void release(Native os, Fd file) throws OsException {
        os.fcntl(file, F_SETLEASE, F_UNLCK, CALL);
    }

    /** True if a lease was refused; throws what is no refusal. */
    private static boolean refused(OsException e) throws OsException {
        if (e.is(OsException.EAGAIN) || e.is(OsException.EACCES) || e.isLacking()) {
            return true;
        }
        throw e;
    }

    /** Locks a file for this opening of it, or fails with EAGAIN. */
    public static void lock(Native os, Fd file) throws OsException {
        outlastForks(() -> os.flock(file, LOCK_EX_NB));
    }

    private interface Attempt {
        void run() throws OsException;
    }

    /**
     * Tries again for a moment while somebody has the file: a process that this one starts has all
     * our files, and the locks on them, from its fork until it has become another program.
     */
    private static void outlastForks(Attempt attempt) throws OsException {
        for (int left = FORK_TRIES; ; left--) {
            try {
                attempt.run();
                return;
            } catch (OsException e) {
                if (!e.is(OsException.EAGAIN) || left == 1) {
                    throw e;
                }
                LockSupport.parkNanos(FORK_PAUSE_NANOS);
            }
        }
    }
}
