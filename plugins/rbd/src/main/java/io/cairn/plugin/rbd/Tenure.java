package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A lock on the pool's own object, which ends by itself unless it is renewed. Who takes over from a
 * process that was killed shuts that one's client out of the cluster first: nothing that it began
 * comes late, and the cluster forgets at once which images it had open.
 */
final class Tenure implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Tenure.class.getName());
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path NAMESPACE = Path.of("/proc/self/ns/pid");

    /** Has the address of the client that has the backend open, or had when it was killed. */
    static final String CLIENT = "cairn.client";

    /** Of a cookie: where, which process and since when, and something of its own. */
    private static final int COOKIE_WORDS = 5;

    private static final int PID = 2;

    /** Of the words of a process's stat behind its name. */
    private static final int START_AFTER_NAME = 19;

    private static final String LOCK = "cairn";

    /** LIBRADOS_LOCK_FLAG_MAY_RENEW of rados/librados.h. */
    private static final byte MAY_RENEW = 1;

    /** How long it lasts when it is not renewed. */
    static final Duration TERM = Duration.ofSeconds(30);

    private static final Duration RENEWAL = Duration.ofSeconds(8);

    /** Longer than any call of the one that is shut out can still be under way. */
    private static final Duration OUT = Duration.ofHours(1);

    private static final long PAUSE_MILLIS = 1_000;

    private final Cluster cluster;
    private final Objects objects;
    private final String cookie;
    private final Thread thread;
    private volatile boolean lost;
    private volatile long renewedNanos;

    private Tenure(Cluster cluster, Objects objects, String cookie) {
        this.cluster = cluster;
        this.objects = objects;
        this.cookie = cookie;
        this.thread =
                Thread.ofPlatform()
                        .daemon()
                        .name("rbd-lock-" + cluster.address().pool())
                        .unstarted(this::renew);
    }

    /**
     * Takes it; waits for one whose host may have failed.
     *
     * @throws OsException UNAVAILABLE if somebody has it who lives
     */
    static Tenure take(Cluster cluster, Objects objects) throws OsException, InterruptedException {
        Tenure tenure = new Tenure(cluster, objects, ownCookie());
        long until = System.nanoTime() + TERM.plus(RENEWAL).toNanos();
        while (!tenure.tryLock()) {
            boolean waits = false;
            for (Lockers.Holder holder : tenure.holders()) {
                if (isHere(holder) && !lives(holder)) {
                    tenure.breakOff(holder);
                } else if (isHere(holder) || System.nanoTime() - until > 0) {
                    throw new OsException(
                            UNAVAILABLE,
                            "it is open already, by %s; stop that one first"
                                    .formatted(shown(holder)));
                } else {
                    waits = true;
                }
            }
            if (waits) {
                Thread.sleep(PAUSE_MILLIS);
            }
        }
        try {
            tenure.follow();
        } catch (OsException | RuntimeException e) {
            tenure.unlock();
            throw e;
        }
        tenure.thread.start();
        return tenure;
    }

    /**
     * Shuts out whoever had it before and did not say that he has done, and leaves word of this one
     * for the next. A lock that has ended names nobody any more, so that it is not enough.
     */
    private void follow() throws OsException {
        Optional<String> before = objects.read(CLIENT);
        if (before.isPresent()) {
            cluster.shutOut(before.get(), OUT);
            boolean _ = objects.remove(CLIENT);
        }
        for (Lockers.Holder holder : holders()) {
            if (holder.cookie().equals(cookie)) {
                boolean _ = objects.create(CLIENT, holder.address());
                return;
            }
        }
        throw new OsException(
                UNAVAILABLE,
                "the lock on %s ended as soon as it was taken"
                        .formatted(cluster.address().of(Names.BACKEND)));
    }

    /** Names this process for good: no other has its number and began at the same instant. */
    private static String ownCookie() throws OsException {
        long self = ProcessHandle.current().pid();
        return "%s %d %s %s".formatted(here(), self, startOf(self).orElse(""), UUID.randomUUID());
    }

    /** Where numbers of processes mean what they do here: until the host is started anew. */
    private static String here() throws OsException {
        try {
            return "%s %s"
                    .formatted(
                            Files.readString(BOOT).strip(),
                            Files.readSymbolicLink(NAMESPACE).toString());
        } catch (IOException e) {
            OsException failed =
                    new OsException(UNAVAILABLE, "cannot read %s: %s".formatted(BOOT, e));
            failed.initCause(e);
            throw failed;
        }
    }

    /** When a process began, in the kernel's ticks, which no setting of the clock changes. */
    private static Optional<String> startOf(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // proc(5): the name, in brackets, may have blanks.
            String[] words = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return Optional.of(words[START_AFTER_NAME]);
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private static boolean isHere(Lockers.Holder holder) throws OsException {
        return holder.cookie().startsWith(here() + " ");
    }

    private static boolean lives(Lockers.Holder holder) {
        String[] words = holder.cookie().split(" ", -1);
        if (words.length != COOKIE_WORDS) {
            // It is no lock of Cairn's, so nothing is known of it.
            return true;
        }
        try {
            return startOf(Long.parseLong(words[PID])).equals(Optional.of(words[PID + 1]));
        } catch (NumberFormatException _) {
            return true;
        }
    }

    private static String shown(Lockers.Holder holder) throws OsException {
        return isHere(holder)
                ? "process " + holder.cookie().split(" ", -1)[PID]
                : "%s at %s".formatted(holder.client(), holder.address());
    }

    private boolean tryLock() throws OsException {
        long asked = System.nanoTime();
        try (Arena arena = Arena.ofConfined()) {
            // struct timeval
            MemorySegment term = arena.allocate(JAVA_LONG, 2);
            term.set(JAVA_LONG, 0, TERM.toSeconds());
            long result =
                    cluster.library()
                            .call(
                                    Function.RADOS_LOCK_EXCLUSIVE,
                                    cluster.io(),
                                    arena.allocateFrom(Names.BACKEND),
                                    arena.allocateFrom(LOCK),
                                    arena.allocateFrom(cookie),
                                    arena.allocateFrom("Cairn"),
                                    term,
                                    MAY_RENEW);
            if (result == -OsException.EBUSY || result == -OsException.EEXIST) {
                return false;
            }
            Cluster.check(result, "lock " + cluster.address().of(Names.BACKEND));
            renewedNanos = asked;
            return true;
        }
    }

    private List<Lockers.Holder> holders() throws OsException {
        return Lockers.of(cluster, Names.BACKEND, LOCK);
    }

    private void breakOff(Lockers.Holder holder) throws OsException {
        // First, or what it began could come late.
        cluster.shutOut(holder.address(), OUT);
        Lockers.end(cluster, Names.BACKEND, LOCK, holder);
    }

    private void renew() {
        try {
            while (!lost) {
                Thread.sleep(RENEWAL);
                try {
                    // Where it ended because nobody answered, it is taken anew unless another has.
                    lost = !tryLock();
                } catch (OsException e) {
                    lost = e.is(Errors.ESHUTDOWN);
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "cannot renew the lock on " + cluster.address(),
                            e);
                }
            }
        } catch (InterruptedException _) {
            // It is closed.
        }
    }

    /**
     * @throws OsException UNAVAILABLE if another has it, or may have
     */
    void check() throws OsException {
        if (lost) {
            throw new OsException(
                    UNAVAILABLE,
                    "another daemon has opened this backend since; close it here, or there");
        }
        if (System.nanoTime() - renewedNanos > TERM.toNanos()) {
            throw new OsException(
                    UNAVAILABLE,
                    "the lock on the backend could not be renewed, so that another daemon may have it; see `ceph -s`");
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        try {
            if (!lost) {
                boolean _ = objects.remove(CLIENT);
            }
        } catch (OsException e) {
            // The next one shuts out a client that is gone.
            LOG.log(System.Logger.Level.WARNING, "cannot take leave of " + cluster.address(), e);
        }
        unlock();
    }

    private void unlock() {
        try (Arena arena = Arena.ofConfined()) {
            // Else it ends by itself.
            long _ =
                    cluster.library()
                            .call(
                                    Function.RADOS_UNLOCK,
                                    cluster.io(),
                                    arena.allocateFrom(Names.BACKEND),
                                    arena.allocateFrom(LOCK),
                                    arena.allocateFrom(cookie));
        }
    }
}
