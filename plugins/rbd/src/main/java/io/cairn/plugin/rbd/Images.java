package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.NO_SPACE;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.OsException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Makes, lists and removes images. */
final class Images {
    /** RBD_IMAGE_OPTION_CLONE_FORMAT of rbd/librbd.h. */
    private static final int CLONE_FORMAT = 12;

    private static final long SECOND = 2;

    /** RBD_IMAGE_OPTION_FEATURES. */
    private static final int FEATURES = 1;

    /**
     * Of rbd/features.h: layering, exclusive-lock, object-map, fast-diff and deep-flatten. The
     * second is what has whoever writes to an image take part in a snapshot, so that none is left
     * to a configuration.
     */
    private static final long ALL = 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5;

    private static final long FIRST_ROOM = 1024;

    private static final long PAUSE_MILLIS = 500;

    private final Cluster cluster;
    private final Library library;
    private final Duration patience;

    /**
     * @param patience how long Ceph may take to forget clients that were killed
     */
    Images(Cluster cluster, Duration patience) {
        this.cluster = cluster;
        this.library = cluster.library();
        this.patience = patience;
    }

    /** The names of those that are of interest. */
    @SuppressWarnings("restricted") // as many as Ceph says
    List<String> names(Predicate<String> wanted) throws OsException {
        for (long room = FIRST_ROOM; ; ) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment count = arena.allocate(JAVA_LONG);
                count.set(JAVA_LONG, 0, room);
                // Each an id and a name.
                MemorySegment found = arena.allocate(ADDRESS, 2 * room);
                long result = library.call(Function.RBD_LIST2, cluster.io(), found, count);
                long there = count.get(JAVA_LONG, 0);
                if (result == -OsException.ERANGE) {
                    room = Math.max(there, 2 * room);
                    continue;
                }
                Cluster.check(result, "list the images of " + cluster.address());
                List<String> names = new ArrayList<>();
                for (long i = 0; i < there; i++) {
                    String name =
                            found.getAtIndex(ADDRESS, 2 * i + 1)
                                    .reinterpret(Long.MAX_VALUE)
                                    .getString(0);
                    if (wanted.test(name)) {
                        names.add(name);
                    }
                }
                library.call(Function.RBD_IMAGE_SPEC_LIST_CLEANUP, found, there);
                return names;
            }
        }
    }

    void create(String name, long sizeBytes) throws OsException {
        try (Arena arena = Arena.ofConfined();
                Options options = new Options(library)) {
            options.set(FEATURES, ALL);
            long result =
                    library.call(
                            Function.RBD_CREATE4,
                            cluster.io(),
                            arena.allocateFrom(name),
                            sizeBytes,
                            options.address());
            if (result < 0) {
                throw Errors.sizeRefused(result, "make image " + cluster.address().of(name));
            }
        }
    }

    /** Makes an image of a snapshot, which it shares its content with. */
    void clone(String image, String snapshot, String name) throws OsException {
        try (Arena arena = Arena.ofConfined();
                Options options = new Options(library)) {
            options.set(CLONE_FORMAT, SECOND);
            options.set(FEATURES, ALL);
            Cluster.check(
                    library.call(
                            Function.RBD_CLONE3,
                            cluster.io(),
                            arena.allocateFrom(image),
                            arena.allocateFrom(snapshot),
                            cluster.io(),
                            arena.allocateFrom(name),
                            options.address()),
                    "make image %s of %s@%s"
                            .formatted(
                                    cluster.address().of(name),
                                    cluster.address().of(image),
                                    snapshot));
        }
    }

    /**
     * Removes one with all that a killed call left of it; false if there is none. Waits for Ceph to
     * forget clients that were killed.
     *
     * @throws OsException IN_USE if somebody has it open, or it has snapshots; UNAVAILABLE if Ceph
     *     only takes it for open; NO_SPACE if there is no room to note what is being removed
     */
    boolean remove(String name) throws OsException, InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        boolean last = false;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            while (true) {
                long result = library.call(Function.RBD_REMOVE, cluster.io(), text);
                if (result == -OsException.ENOENT) {
                    checkGone(name);
                    return false;
                }
                if (result == -OsException.EBUSY && endOwnLock(name)) {
                    continue;
                }
                if (result != -OsException.EBUSY || System.nanoTime() - until > 0) {
                    if (result == -OsException.EBUSY && !last && isForgotten(name)) {
                        last = true;
                        continue;
                    }
                    Cluster.check(result, "remove image " + cluster.address().of(name));
                    return true;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private boolean endOwnLock(String name) throws OsException {
        Optional<Image> there = Image.openIfThere(cluster, name);
        if (there.isEmpty()) {
            return false;
        }
        try (Image image = there.get()) {
            return OwnLock.end(cluster, image);
        }
    }

    /**
     * Whether nobody has it open any more.
     *
     * @throws OsException UNAVAILABLE if Ceph only takes this client for having it so
     */
    private boolean isForgotten(String name) throws OsException {
        Optional<Image> there = Image.openIfThere(cluster, name);
        if (there.isEmpty()) {
            return true;
        }
        try (Image image = there.get()) {
            OwnWatch.check(cluster, image);
            return image.watchers().isEmpty();
        }
    }

    /**
     * Ceph 16.2 first moves to its trash what it removes. Where there is no room for that, it says
     * that the image is not there.
     */
    private void checkGone(String name) throws OsException {
        if (new Objects(cluster).read(Names.idOf(name)).isPresent()) {
            throw new OsException(
                    NO_SPACE,
                    "Ceph has no room to note that it removes %s; see `ceph df`, and give the pool a little more"
                            .formatted(cluster.address().of(name)));
        }
    }

    void rename(String from, String to) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            Cluster.check(
                    library.call(
                            Function.RBD_RENAME,
                            cluster.io(),
                            arena.allocateFrom(from),
                            arena.allocateFrom(to)),
                    "rename image %s to %s"
                            .formatted(cluster.address().of(from), cluster.address().of(to)));
        }
    }

    /** {@code rbd_image_options_t} */
    private static final class Options implements AutoCloseable {
        private final Library library;
        private final MemorySegment address;

        Options(Library library) {
            this.library = library;
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment out = arena.allocate(ADDRESS);
                library.call(Function.RBD_IMAGE_OPTIONS_CREATE, out);
                address = out.get(ADDRESS, 0);
            }
        }

        MemorySegment address() {
            return address;
        }

        void set(int option, long value) throws OsException {
            Cluster.check(
                    library.call(Function.RBD_IMAGE_OPTIONS_SET_UINT64, address, option, value),
                    "set an option of an image");
        }

        @Override
        public void close() {
            library.call(Function.RBD_IMAGE_OPTIONS_DESTROY, address);
        }
    }
}
