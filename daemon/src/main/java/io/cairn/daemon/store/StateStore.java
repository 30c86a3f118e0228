package io.cairn.daemon.store;

import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The daemon's state on disk. For use by any number of threads, virtual ones too.
 *
 * <ol>
 *   <li><b>Durability.</b> When {@link #commit} returns, the change is on stable storage and
 *       survives a kill of the process and the loss of power.
 *   <li><b>Atomicity.</b> A change is there entirely or not at all, also after a crash.
 *   <li><b>The fence.</b> If the database could not write, say for want of space, nobody is told
 *       that it did. All changes are refused with FENCED until it was closed, cut back to what had
 *       been acknowledged, reopened and checked, which the store does by itself as soon as there is
 *       room. Until then queries may show changes whose callers were told FENCED.
 *   <li><b>Space.</b> New work is refused with FULL before the disk is full.
 *   <li><b>One daemon.</b> A second one on the same folder is refused at once with LOCKED.
 *   <li><b>Sharing.</b> Changes that wait at the same time share one sync.
 * </ol>
 */
public final class StateStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StateStore.class);

    private final Path folder;
    private final StoreOptions options;
    private final FolderLock lock;
    private final FenceNote note;
    private final Jdbi jdbi;
    private final Committer committer;
    private final List<String> repairs;
    private final List<Runnable> reopenedListeners;

    private StateStore(
            Path folder,
            StoreOptions options,
            FolderLock lock,
            FenceNote note,
            Jdbi jdbi,
            Committer committer,
            List<String> repairs,
            List<Runnable> reopenedListeners) {
        this.folder = folder;
        this.options = options;
        this.lock = lock;
        this.note = note;
        this.jdbi = jdbi;
        this.committer = committer;
        this.repairs = repairs;
        this.reopenedListeners = reopenedListeners;
    }

    /**
     * Opens the state in a folder; makes it if there is none. Mends what a crash left and brings
     * the schema up to date.
     *
     * @param schema all steps there are, in order
     * @throws StoreException LOCKED, DAMAGED, UNFIT (a newer or changed schema, or settings that do
     *     not hold), or FAILED if the files cannot be read or written
     */
    public static StateStore open(Path folder, StoreOptions options, List<SchemaStep> schema)
            throws StoreException {
        if (folder.toString().indexOf(';') >= 0) {
            throw new StoreException(
                    StoreException.Kind.UNFIT,
                    "the data folder %s has a semicolon in its name, which the database cannot have; choose another"
                            .formatted(folder));
        }
        Schema steps = new Schema(schema);
        try {
            Files.createDirectories(folder);
            Path real = folder.toRealPath();
            FolderLock lock = FolderLock.take(real);
            FenceNote note = null;
            try {
                note = FenceNote.in(real);
                return open(real, options, steps, lock, note);
            } catch (IOException | StoreException | RuntimeException e) {
                if (note != null) {
                    close(note, e);
                }
                close(lock, e);
                throw e;
            }
        } catch (IOException e) {
            throw new StoreException(
                    StoreException.Kind.FAILED,
                    "the state in %s cannot be opened: %s".formatted(folder, e.getMessage()),
                    e);
        }
    }

    private static StateStore open(
            Path folder, StoreOptions options, Schema schema, FolderLock lock, FenceNote note)
            throws StoreException {
        List<String> repairs = new CopyOnWriteArrayList<>();
        List<Runnable> listeners = new CopyOnWriteArrayList<>();
        ReadPool pool = new ReadPool(options.readers());
        Opening opening =
                new Opening(
                        folder,
                        note,
                        schema,
                        repair -> {
                            repairs.add(repair);
                            LOG.warn("Mended the state: {}", repair);
                        });
        Committer committer =
                new Committer(
                        opening.open(pool),
                        opening,
                        note,
                        pool,
                        options,
                        folder,
                        () -> listeners.forEach(Runnable::run));
        committer.start();
        Jdbi jdbi = Jdbi.create(pool);
        jdbi.setStatementBuilderFactory(pool::statements);
        return new StateStore(folder, options, lock, note, jdbi, committer, repairs, listeners);
    }

    private static void close(AutoCloseable part, Exception reason) {
        try {
            part.close();
        } catch (Exception e) {
            reason.addSuppressed(e);
        }
    }

    /** As {@link #commit(Urgency, Change)} for a change that begins something. */
    public <T extends @Nullable Object> T commit(Change<T> change) throws StoreException {
        return commit(Urgency.ORDINARY, change);
    }

    /**
     * Makes a change, and returns once it is on stable storage. Goes on when the caller is
     * interrupted, since a change on its way cannot be taken back, and restores the flag.
     *
     * @return what the change returned
     * @throws StoreException REFUSED if the change said no, with its {@link ChangeRefused} as the
     *     cause; FAILED if a statement failed, with the SQLException as the cause; FULL; CLOSED;
     *     FENCED, after which only reopening tells whether the change is there
     */
    public <T extends @Nullable Object> T commit(Urgency urgency, Change<T> change)
            throws StoreException {
        return committer.commit(urgency, change);
    }

    /**
     * Queries. Handles are cheap, taken from a few connections that cannot write; hold one no
     * longer than the query takes. Each query sees all that was acknowledged before it began. Waits
     * while the database is reopened, and fails once it is closed.
     */
    public Jdbi reads() {
        return jdbi;
    }

    /**
     * Has something run after the database was reopened and before it takes changes again. By then
     * changes whose callers were told FENCED are gone. It runs on the committing thread: it may
     * read, but not commit.
     */
    public void onReopened(Runnable listener) {
        reopenedListeners.add(listener);
    }

    /**
     * Copies the database while it is changed, as it is at one instant after this was called, to
     * files of a folder, and makes them durable. Changes wait for a checkpoint and no longer; then
     * they go on while the files are copied.
     *
     * @param folder an empty one
     * @param watch called before each piece
     * @param reading what else is to be found out of that instant; it must change nothing
     * @return what the reading found; empty if so much was changed meanwhile that the copy had to
     *     be given up. Then, and if this throws, what was copied is still there and worth nothing
     * @throws StoreException FULL, FENCED or CLOSED
     * @throws IOException if a file cannot be read or written, or this thread is interrupted
     */
    public <T> Optional<T> copyTo(Path folder, CopyWatch watch, Change<T> reading)
            throws StoreException, IOException {
        try (LiveCopy copy = committer.beginCopy()) {
            copy.copyData(folder, watch);
            Optional<T> read =
                    committer.errand(
                            Urgency.COMPLETING,
                            engine ->
                                    copy.capture(engine)
                                            ? Optional.of(reading.apply(engine.statements()))
                                            : Optional.empty());
            return read.isPresent() && copy.copyRest(folder, watch) ? read : Optional.empty();
        } finally {
            committer.endCopy();
        }
    }

    /**
     * Opens a copy that {@link #copyTo} made, to look at it; that changes its files. It may be open
     * at the same time as what it is a copy of, and neither minds what becomes of the other.
     *
     * @param folder has the files of the copy in its folder {@code database}
     * @param schema all steps there are, in order
     * @throws StoreException as {@link #open}
     */
    public static StateStore openCopy(Path folder, List<SchemaStep> schema) throws StoreException {
        try {
            OwnName.give(folder.resolve("database").resolve("state"));
        } catch (IOException e) {
            throw new StoreException(
                    StoreException.Kind.DAMAGED,
                    "the copy in %s cannot be opened: %s".formatted(folder, e.getMessage()),
                    e);
        }
        return open(folder, new StoreOptions(0, 0, 1, Duration.ofSeconds(1)), schema);
    }

    /** What the database's files take now, in bytes. */
    public long fileBytes() throws IOException {
        long bytes = 0;
        for (Path file : FileCopies.files(folder.resolve("database"))) {
            bytes += file.toFile().length();
        }
        return bytes;
    }

    /**
     * Reads every row of every table, which takes seconds for a million of them.
     *
     * @return how many there are
     * @throws RuntimeException of Jdbi if one cannot be read
     */
    public long readAll() {
        return jdbi.withHandle(
                handle -> {
                    Map<String, List<String>> columns = new TreeMap<>();
                    handle.createQuery(
                                    "SELECT table_name, column_name FROM INFORMATION_SCHEMA.COLUMNS"
                                            + " WHERE table_schema = 'PUBLIC'")
                            .map((row, _) -> List.of(row.getString(1), row.getString(2)))
                            .forEach(
                                    each ->
                                            columns.computeIfAbsent(
                                                            each.getFirst(), _ -> new ArrayList<>())
                                                    .add(each.getLast()));
                    long rows = 0;
                    for (Map.Entry<String, List<String>> table : columns.entrySet()) {
                        rows +=
                                handle.createQuery(
                                                "SELECT COUNT(*), COUNT(\"%s\") FROM PUBLIC.\"%s\""
                                                        .formatted(
                                                                String.join(
                                                                        "\"), COUNT(\"",
                                                                        table.getValue()),
                                                                table.getKey()))
                                        .mapTo(Long.class)
                                        .one();
                    }
                    return rows;
                });
    }

    /** How the store is now; looks at memory and at two file sizes. */
    public StoreHealth health() {
        long freeBytes = folder.toFile().getUsableSpace();
        String fence = committer.fence();
        StoreHealth.State state;
        String reason = "";
        if (committer.ended()) {
            state = StoreHealth.State.CLOSED;
            reason = "it was closed";
        } else if (fence != null) {
            state = StoreHealth.State.FENCED;
            reason = fence;
        } else if (freeBytes < options.minFreeBytes()) {
            state = StoreHealth.State.FULL;
            reason =
                    "%d bytes are free on the file system of %s, and new work needs %d"
                            .formatted(freeBytes, folder, options.minFreeBytes());
        } else {
            state = StoreHealth.State.OPEN;
        }
        Committer.Tally tally = committer.tally();
        return new StoreHealth(
                state,
                reason,
                tally.commits().sum(),
                tally.batches().sum(),
                tally.fences().sum(),
                tally.reopenings().sum(),
                freeBytes,
                committer.logBytes(),
                repairs);
    }

    /** Has the database write all to its files and begin a new log, so that it opens faster. */
    public void checkpoint() throws StoreException {
        committer.checkpoint();
    }

    /** Ends what waits, closes the database in order and lets go of the folder. */
    @Override
    public void close() {
        committer.close();
        try {
            note.close();
            lock.close();
        } catch (IOException e) {
            LOG.warn("The folder {} was not let go of: {}", folder, e.getMessage(), e);
        }
    }
}
