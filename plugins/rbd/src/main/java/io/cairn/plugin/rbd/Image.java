package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.OsException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * An open image, for the thread that opened it. One that is open for changes keeps others from
 * removing it; one that is open for reading does not.
 */
final class Image implements AutoCloseable {
    // rbd_snap_namespace_type_t
    private static final int USER = 0;
    private static final int TRASH = 2;

    private static final long ID_BYTES = 256;
    private static final long NAME_BYTES = 256;

    /** RBD_FEATURE_OBJECT_MAP of rbd/features.h. */
    private static final long OBJECT_MAP = 1 << 3;

    private final Cluster cluster;
    private final Library library;
    private final String name;
    private final MemorySegment image;
    private final boolean forChanges;
    private boolean closed;

    /**
     * A snapshot that an operator would see.
     *
     * @param number Ceph's own, which grows with each that is cut
     */
    record Snap(long number, String name, long sizeBytes) {}

    private Image(Cluster cluster, String name, MemorySegment image, boolean forChanges) {
        this.cluster = cluster;
        this.library = cluster.library();
        this.name = name;
        this.image = image;
        this.forChanges = forChanges;
        cluster.holds(1);
    }

    /**
     * Opens an image for changes.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    static Image open(Cluster cluster, String name) throws OsException {
        return open(cluster, Function.RBD_OPEN, name, Optional.empty());
    }

    /** Opens an image for reading. */
    static Image openToRead(Cluster cluster, String name) throws OsException {
        return open(cluster, Function.RBD_OPEN_READ_ONLY, name, Optional.empty());
    }

    /** Opens a snapshot of an image. */
    static Image openToRead(Cluster cluster, String name, String snapshot) throws OsException {
        return open(cluster, Function.RBD_OPEN_READ_ONLY, name, Optional.of(snapshot));
    }

    /** Opens an image by Ceph's own id for reading, also one that only its clones know of. */
    static Image openById(Cluster cluster, String id) throws OsException {
        return open(cluster, Function.RBD_OPEN_BY_ID_READ_ONLY, id, Optional.empty());
    }

    /** As {@link #openToRead}; empty if there is none. */
    static Optional<Image> openIfThere(Cluster cluster, String name) throws OsException {
        try {
            return Optional.of(openToRead(cluster, name));
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Image open(
            Cluster cluster, Function function, String name, Optional<String> snapshot)
            throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            MemorySegment of =
                    snapshot.isPresent() ? arena.allocateFrom(snapshot.get()) : MemorySegment.NULL;
            boolean forChanges = function == Function.RBD_OPEN;
            if (forChanges) {
                // Before anybody could see that it is.
                cluster.opened(name);
            }
            long result =
                    cluster.library()
                            .call(function, cluster.io(), arena.allocateFrom(name), out, of);
            if (result < 0 && forChanges) {
                cluster.closed(name);
            }
            Cluster.check(
                    result,
                    "open " + cluster.address().of(name) + snapshot.map(s -> "@" + s).orElse(""));
            return new Image(cluster, name, out.get(ADDRESS, 0), forChanges);
        }
    }

    String name() {
        return name;
    }

    boolean isForChanges() {
        return forChanges;
    }

    long sizeBytes() throws OsException {
        return number(Function.RBD_GET_SIZE, "ask for the size of");
    }

    /** The bits of rbd/features.h. */
    long features() throws OsException {
        return number(Function.RBD_GET_FEATURES, "ask for the features of");
    }

    private long number(Function function, String what) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(JAVA_LONG);
            check(library.call(function, handle(), number), what);
            return number.get(JAVA_LONG, 0);
        }
    }

    /** Ceph's id of it, which stays when it is renamed. */
    String id() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment id = arena.allocate(ID_BYTES);
            check(library.call(Function.RBD_GET_ID, handle(), id, ID_BYTES), "ask for the id of");
            return id.getString(0);
        }
    }

    /** The name that Ceph lists it by, if it was opened by its id. */
    String listedName() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(NAME_BYTES);
            MemorySegment length = arena.allocate(JAVA_LONG);
            length.set(JAVA_LONG, 0, NAME_BYTES);
            check(
                    library.call(Function.RBD_GET_NAME, handle(), text, length),
                    "ask for the name of");
            return text.getString(0);
        }
    }

    /** All but those of which only clones know any more. */
    List<Snap> snaps() throws OsException {
        return ImageLists.snaps(this, USER);
    }

    Optional<Snap> snap(String snapshot) throws OsException {
        return snaps().stream().filter(each -> each.name().equals(snapshot)).findFirst();
    }

    /** Cuts a snapshot; false if there is one of that name. */
    boolean cut(String snapshot) throws OsException {
        long result = named(Function.RBD_SNAP_CREATE, snapshot);
        if (result == -OsException.EEXIST) {
            return false;
        }
        check(result, "cut snapshot %s of".formatted(snapshot));
        return true;
    }

    /** Removes a snapshot; false if there is none of that name. */
    boolean removeSnap(String snapshot) throws OsException {
        long result = named(Function.RBD_SNAP_REMOVE, snapshot);
        if (result == -OsException.ENOENT) {
            removeForgotten();
            return false;
        }
        check(result, "remove snapshot %s of".formatted(snapshot));
        return true;
    }

    /**
     * Removes snapshots that lost their names when they were to be removed, and that no clone
     * needs: Ceph does the one before the other, and whoever asked may have been killed in between.
     */
    private void removeForgotten() throws OsException {
        for (Snap snap : ImageLists.snaps(this, TRASH)) {
            long result =
                    change(
                            () ->
                                    library.call(
                                            Function.RBD_SNAP_REMOVE_BY_ID,
                                            handle(),
                                            snap.number()));
            if (result != -OsException.EBUSY && result != -OsException.ENOENT) {
                check(result, "remove what is left of a snapshot of");
            }
        }
    }

    private long named(Function function, String snapshot) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(snapshot);
            return change(() -> library.call(function, handle(), text));
        }
    }

    /** A call of Ceph's that changes the image. */
    private interface Change {
        long run();
    }

    /** Does it once more if what kept it from the image's lock was left by this client itself. */
    private long change(Change change) throws OsException {
        long result = change.run();
        // EINVAL is what Ceph says of shutting itself out, and most calls make EROFS of it.
        boolean refused = result == -OsException.EROFS || result == -OsException.EINVAL;
        return refused && OwnLock.end(cluster, this) ? change.run() : result;
    }

    /**
     * Gives it the content and the size of a snapshot, piece by piece. It may be repeated.
     *
     * @throws InterruptedException if the thread is interrupted before it is done
     */
    void rollBack(String snapshot) throws OsException, InterruptedException {
        try (Arena arena = Arena.ofConfined();
                Working working = new Working()) {
            MemorySegment text = arena.allocateFrom(snapshot);
            long result =
                    change(
                            () ->
                                    library.call(
                                            Function.RBD_SNAP_ROLLBACK_WITH_PROGRESS,
                                            handle(),
                                            text,
                                            Upcalls.PROGRESS,
                                            working.argument()));
            working.check(result);
            check(result, "go back to snapshot %s of".formatted(snapshot));
        }
    }

    /**
     * Has Ceph find out anew which objects it has, and since when, where it keeps a map of that.
     * Ceph 16.2 takes over the map of a snapshot with its content, and so takes objects for
     * unchanged that are others than in the snapshots since: whoever asks for differences misses
     * them, and {@code rbd export-diff} too.
     */
    void rebuildMap() throws OsException, InterruptedException {
        if ((features() & OBJECT_MAP) == 0) {
            return;
        }
        try (Working working = new Working()) {
            long result =
                    change(
                            () ->
                                    library.call(
                                            Function.RBD_REBUILD_OBJECT_MAP,
                                            handle(),
                                            Upcalls.PROGRESS,
                                            working.argument()));
            working.check(result);
            check(result, "rebuild the object map of");
        }
    }

    /**
     * Gives it another size.
     *
     * @param smaller whether what is beyond it may go
     */
    void resize(long sizeBytes, boolean smaller) throws OsException, InterruptedException {
        try (Working working = new Working()) {
            long result =
                    change(
                            () ->
                                    library.call(
                                            Function.RBD_RESIZE2,
                                            handle(),
                                            sizeBytes,
                                            smaller,
                                            Upcalls.PROGRESS,
                                            working.argument()));
            working.check(result);
            if (result < 0) {
                throw Errors.sizeRefused(result, "resize " + cluster.address().of(name));
            }
        }
    }

    /** Copies what it shares with what it was made from, so that it needs that no more. */
    void flatten(Upcalls.Listener progress) throws OsException {
        try (Upcalls.Upcall upcall = new Upcalls.Upcall(progress)) {
            long result =
                    change(
                            () ->
                                    library.call(
                                            Function.RBD_FLATTEN_WITH_PROGRESS,
                                            handle(),
                                            Upcalls.PROGRESS,
                                            upcall.argument()));
            upcall.check();
            check(result, "flatten");
        }
    }

    /**
     * Where it differs, for {@link Comparison}.
     *
     * @param whole whether only whole objects are told, which may be asked for at a low price
     * @param found takes where each range begins and how long it is; ends it by false
     */
    void differences(
            Comparison to,
            boolean whole,
            long offsetBytes,
            long lengthBytes,
            Upcalls.Listener found)
            throws OsException {
        try (Arena arena = Arena.ofConfined();
                Upcalls.Upcall upcall = new Upcalls.Upcall(found)) {
            MemorySegment from =
                    to.base().isPresent()
                            ? arena.allocateFrom(to.base().get())
                            : MemorySegment.NULL;
            long result =
                    library.call(
                            Function.RBD_DIFF_ITERATE2,
                            handle(),
                            from,
                            offsetBytes,
                            lengthBytes,
                            (byte) (to.parents() ? 1 : 0),
                            (byte) (whole ? 1 : 0),
                            Upcalls.DIFFERENCE,
                            upcall.argument());
            upcall.check();
            if (result != Upcalls.CANCELED) {
                check(result, "compare with %s".formatted(to.base().orElse("zeroes")));
            }
        }
    }

    /**
     * Who has an image open for changes.
     *
     * @param client Ceph's number of it
     * @param cookie another for each time that a client has it open
     */
    record Watcher(String address, long client, long cookie) {}

    /** Whether images were made from the snapshot that it was opened at and still need it. */
    boolean hasClones() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            // There is no room for any.
            MemorySegment count = arena.allocate(JAVA_LONG);
            long result =
                    library.call(Function.RBD_LIST_CHILDREN3, handle(), MemorySegment.NULL, count);
            if (result == -OsException.ERANGE) {
                return true;
            }
            check(result, "ask what was made from");
            return false;
        }
    }

    /** As {@link ImageLists#parentId}. */
    Optional<String> parentId() throws OsException {
        return ImageLists.parentId(this);
    }

    /** As {@link ImageLists#watchers}. */
    List<Watcher> watchers() throws OsException {
        return ImageLists.watchers(this);
    }

    Library library() {
        return library;
    }

    void check(long result, String what) throws OsException {
        Cluster.check(result, what + " " + cluster.address().of(name));
    }

    MemorySegment handle() {
        if (closed) {
            throw new IllegalStateException("image %s is closed".formatted(name));
        }
        return image;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            library.call(Function.RBD_CLOSE, image);
            cluster.holds(-1);
            if (forChanges) {
                cluster.closed(name);
            }
        }
    }

    /** Work that ends soon once the thread that waits for it is interrupted. */
    private static final class Working implements AutoCloseable {
        private final Thread waiting = Thread.currentThread();
        private final Upcalls.Upcall upcall =
                new Upcalls.Upcall((_, _) -> !waiting.isInterrupted());

        MemorySegment argument() {
            return upcall.argument();
        }

        void check(long result) throws InterruptedException {
            upcall.check();
            if (result < 0 && Thread.interrupted()) {
                throw new InterruptedException("interrupted while Ceph was at work");
            }
        }

        @Override
        public void close() {
            upcall.close();
        }
    }
}
