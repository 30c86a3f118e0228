package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A connection to a cluster, for one pool or one namespace of it; it stays, and finds the cluster
 * again by itself. For any number of threads; closed when none is in a call, and when no image is
 * open.
 *
 * <p>Nothing waits longer than the time that was set, since a single object that the cluster has
 * lost would keep a thread for good. That time is longer than OSDs may be away without being
 * missed: librbd is rarely used so that its requests are given up. It may then lose the lock on an
 * image that it works on, which in places it asserts that it has, and a failed assertion ends the
 * process.
 */
final class Cluster implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Cluster.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long FSID_BYTES = 64;
    private static final long VALUE_BYTES = 4096;

    /** As Ceph has it. */
    private static final double MOST_LATE_SECONDS = 10;

    private final Library library;
    private final Address address;
    private final MemorySegment rados;
    private final MemorySegment io;
    private final Map<String, Integer> forChanges = new ConcurrentHashMap<>();
    private final AtomicInteger images = new AtomicInteger();
    private volatile boolean closed;

    /**
     * Where a backend's images are.
     *
     * @param conf Ceph's configuration file
     * @param user whose keyring that names, without {@code client.}
     * @param timeout how long anything may take that the cluster is asked
     */
    record Address(
            Path conf, String user, String pool, Optional<String> namespace, Duration timeout) {
        /** As {@code rbd} has it, for messages and locations. */
        String of(String image) {
            return namespace.map(each -> pool + "/" + each).orElse(pool) + "/" + image;
        }

        @Override
        public String toString() {
            return namespace.map(each -> "%s/%s".formatted(pool, each)).orElse(pool);
        }
    }

    private Cluster(Library library, Address address, MemorySegment rados, MemorySegment io) {
        this.library = library;
        this.address = address;
        this.rados = rados;
        this.io = io;
    }

    /**
     * Connects.
     *
     * @throws OsException INVALID if the configuration cannot be read; UNAVAILABLE if the cluster
     *     does not answer, or has no such pool or namespace
     */
    static Cluster connect(Library library, Address address) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            check(
                    library.call(
                            Function.RADOS_CREATE2,
                            out,
                            arena.allocateFrom("ceph"),
                            arena.allocateFrom("client." + address.user()),
                            0L),
                    "begin with Ceph as client." + address.user());
            MemorySegment rados = out.get(ADDRESS, 0);
            try {
                configure(library, address, rados, arena);
                long connected = library.call(Function.RADOS_CONNECT, rados);
                if (connected < 0) {
                    throw notConnected(connected, address);
                }
                MemorySegment io = pool(library, address, rados, arena);
                return new Cluster(library, address, rados, io);
            } catch (OsException | RuntimeException e) {
                library.call(Function.RADOS_SHUTDOWN, rados);
                throw e;
            }
        }
    }

    /** Ceph's number of this client. */
    long client() {
        return library.call(Function.RADOS_GET_INSTANCE_ID, rados());
    }

    /** Notes that an image is open for changes. */
    void opened(String image) {
        int _ = forChanges.merge(image, 1, Integer::sum);
    }

    /** Notes that it is so once less. */
    void closed(String image) {
        forChanges.computeIfPresent(image, (_, count) -> count == 1 ? null : count - 1);
    }

    /** Notes that so many images more are open, for changes or not. */
    void holds(int more) {
        int _ = images.addAndGet(more);
    }

    /** How often this client has an image open for changes. */
    int openForChanges(String image) {
        return forChanges.getOrDefault(image, 0);
    }

    private static void configure(
            Library library, Address address, MemorySegment rados, Arena arena) throws OsException {
        long read =
                library.call(
                        Function.RADOS_CONF_READ_FILE,
                        rados,
                        arena.allocateFrom(address.conf().toString()));
        if (read < 0) {
            throw new OsException(
                    INVALID,
                    "%s: it is Ceph's configuration, which must name the cluster's monitors"
                            .formatted(Errors.failed(read, "read " + address.conf()).getMessage()));
        }
        for (Map.Entry<String, String> each : settings(address.timeout()).entrySet()) {
            check(
                    library.call(
                            Function.RADOS_CONF_SET,
                            rados,
                            arena.allocateFrom(each.getKey()),
                            arena.allocateFrom(each.getValue())),
                    "set " + each.getKey());
        }
    }

    private static Map<String, String> settings(Duration timeout) {
        String seconds = Long.toString(Math.max(1, timeout.toSeconds()));
        double late = Math.min(MOST_LATE_SECONDS, timeout.toMillis() / 3000.0);
        return Map.ofEntries(
                // Without them a call waits for ever while the cluster is down.
                entry("client_mount_timeout", seconds),
                entry("rados_mon_op_timeout", seconds),
                entry("rados_osd_op_timeout", seconds),
                // Who waits asks where the OSDs are by now, and when that is looked at; by default
                // later than a short time-out, and then never.
                entry("objecter_timeout", Double.toString(late)),
                entry("objecter_tick_interval", Double.toString(late / 2)),
                // The thread that tells that an image is open, or was read anew, then takes a lock
                // in it (ImageState::complete_action_unlock of librbd 16.2). Whoever was told may
                // have closed and freed it by then, and the process ends, or its memory is
                // corrupted. Closing needs a thread of these too: where there is one, it is after.
                entry("librados_thread_count", "1"),
                // What is cloned needs no protection, and goes when its last clone does.
                entry("rbd_default_clone_format", "2"),
                entry("rbd_move_parent_to_trash_on_remove", "true"),
                // Or what is deleted would keep its space.
                entry("rbd_move_to_trash_on_remove", "false"),
                // Failures are told by the calls.
                entry("log_to_stderr", "false"),
                entry("err_to_stderr", "false"));
    }

    private static OsException notConnected(long result, Address address) {
        OsException failed = Errors.failed(result, "connect to the cluster of " + address.conf());
        return failed.is(OsException.ENOENT)
                ? new OsException(
                        INVALID,
                        "there is no keyring for client.%s where %s says; make it with `ceph auth get-or-create client.%s mon 'profile rbd' osd 'profile rbd pool=%s'`"
                                .formatted(
                                        address.user(),
                                        address.conf(),
                                        address.user(),
                                        address.pool()))
                : failed;
    }

    private static MemorySegment pool(
            Library library, Address address, MemorySegment rados, Arena arena) throws OsException {
        MemorySegment out = arena.allocate(ADDRESS);
        long created =
                library.call(
                        Function.RADOS_IOCTX_CREATE,
                        rados,
                        arena.allocateFrom(address.pool()),
                        out);
        if (created == -OsException.ENOENT) {
            throw new OsException(
                    UNAVAILABLE,
                    "the cluster has no pool '%s'; make it with `ceph osd pool create %s` and `rbd pool init %s`"
                            .formatted(address.pool(), address.pool(), address.pool()));
        }
        check(created, "use pool " + address.pool());
        MemorySegment io = out.get(ADDRESS, 0);
        // Where it is full they fail, instead of waiting until there is room.
        library.call(Function.RADOS_SET_POOL_FULL_TRY, io);
        if (address.namespace().isPresent()) {
            MemorySegment name = arena.allocateFrom(address.namespace().get());
            MemorySegment exists = arena.allocate(JAVA_BYTE);
            long found = library.call(Function.RBD_NAMESPACE_EXISTS, io, name, exists);
            if (found < 0 || exists.get(JAVA_BYTE, 0) == 0) {
                library.call(Function.RADOS_IOCTX_DESTROY, io);
                check(found, "look for namespace " + address);
                throw new OsException(
                        UNAVAILABLE,
                        "pool %s has no such namespace; make it with `rbd namespace create %s`"
                                .formatted(address.pool(), address));
            }
            library.call(Function.RADOS_IOCTX_SET_NAMESPACE, io, name);
        }
        return io;
    }

    Address address() {
        return address;
    }

    Library library() {
        return library;
    }

    /** The pool, for calls; it must not be kept. */
    MemorySegment io() {
        if (closed) {
            throw new IllegalStateException("the connection to the cluster is closed");
        }
        return io;
    }

    /** The cluster's own id. */
    String fsid() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(FSID_BYTES);
            check(
                    library.call(Function.RADOS_CLUSTER_FSID, rados(), text, FSID_BYTES),
                    "ask for the cluster's id");
            return text.getString(0);
        }
    }

    /** A setting as the cluster's configuration has it. */
    String configured(String name) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(VALUE_BYTES);
            check(
                    library.call(
                            Function.RADOS_CONF_GET,
                            rados(),
                            arena.allocateFrom(name),
                            text,
                            VALUE_BYTES),
                    "ask for the setting " + name);
            return text.getString(0);
        }
    }

    /** Asks the monitors something whose answer is JSON. */
    JsonNode ask(String prefix) throws OsException, IOException {
        String text = JSON.writeValueAsString(Map.of("prefix", prefix, "format", "json"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment command = arena.allocate(ADDRESS);
            command.set(ADDRESS, 0, arena.allocateFrom(text));
            MemorySegment out = arena.allocate(ADDRESS);
            MemorySegment outBytes = arena.allocate(JAVA_LONG);
            MemorySegment said = arena.allocate(ADDRESS);
            MemorySegment saidBytes = arena.allocate(JAVA_LONG);
            long result =
                    library.call(
                            Function.RADOS_MON_COMMAND,
                            rados(),
                            command,
                            1L,
                            MemorySegment.NULL,
                            0L,
                            out,
                            outBytes,
                            said,
                            saidBytes);
            String answer = taken(out, outBytes);
            String _ = taken(said, saidBytes);
            check(result, "ask the monitors for `ceph %s`".formatted(prefix));
            return JSON.readTree(answer);
        }
    }

    /** What Ceph allocated, as text, and freed. */
    @SuppressWarnings("restricted") // of the length that Ceph says
    private String taken(MemorySegment pointer, MemorySegment bytes) {
        MemorySegment buffer = pointer.get(ADDRESS, 0);
        if (buffer.address() == 0) {
            return "";
        }
        byte[] text = buffer.reinterpret(bytes.get(JAVA_LONG, 0)).toArray(JAVA_BYTE);
        library.call(Function.RADOS_BUFFER_FREE, buffer);
        return new String(text, UTF_8);
    }

    /** Shuts a client out for good: nothing that it still is to do takes effect any more. */
    void shutOut(String client, Duration time) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            check(
                    library.call(
                            Function.RADOS_BLOCKLIST_ADD,
                            rados(),
                            arena.allocateFrom(client),
                            (int) time.toSeconds()),
                    "shut out client %s, which was killed".formatted(client));
        }
    }

    private MemorySegment rados() {
        if (closed) {
            throw new IllegalStateException("the connection to the cluster is closed");
        }
        return rados;
    }

    /**
     * @throws OsException if a call's result is an error
     */
    static void check(long result, String what) throws OsException {
        if (result < 0) {
            throw Errors.failed(result, what);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            int open = images.get();
            if (open > 0) {
                // It would corrupt the memory of the process.
                LOG.log(
                        System.Logger.Level.ERROR,
                        "{0} images of {1} are open that should not be; the connection to the cluster stays until the daemon ends. Report this to the driver''s vendor",
                        open,
                        address);
                return;
            }
            library.call(Function.RADOS_IOCTX_DESTROY, io);
            library.call(Function.RADOS_SHUTDOWN, rados);
        }
    }
}
