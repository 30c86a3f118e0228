package io.cairn.daemon.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;

/**
 * Puts another database in the place of the one in a state folder, which no daemon may have open
 * meanwhile. A kill at any instant leaves the old one or the new one.
 *
 * <pre>
 * restoring/database/   the new one, while it is made and looked at
 * database.restored/    the new one, whole; only until it is in place
 * database.before-TIME/ an old one, with what the file fence said of it, if that was anything
 * </pre>
 *
 * <p>Two renames are needed, and between them there is no database at all. So whoever opens the
 * folder, a daemon or another replacement, first makes the second one if it finds it so. For one
 * thread.
 */
public final class Replacement implements AutoCloseable {
    private static final String DATABASE = "database";
    private static final String RESTORED = "database.restored";
    private static final String FENCE = "fence";

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH-mm-ss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private final Path folder;
    private final Path restoring;
    private final FolderLock lock;
    private final FenceNote note;

    private Replacement(Path folder, FolderLock lock, FenceNote note) {
        this.folder = folder;
        this.restoring = folder.resolve("restoring");
        this.lock = lock;
        this.note = note;
    }

    /**
     * Takes the folder, makes it if there is none, and ends what one before left unfinished.
     *
     * @throws StoreException LOCKED if a daemon has it
     */
    public static Replacement begin(Path folder) throws StoreException, IOException {
        Files.createDirectories(folder);
        Path real = folder.toRealPath();
        FolderLock lock = FolderLock.take(real);
        FenceNote note = null;
        try {
            note = FenceNote.in(real);
            Replacement replacement = new Replacement(real, lock, note);
            boolean _ = settle(real, note);
            FileCopies.delete(replacement.restoring);
            FileCopies.makeFolder(replacement.restoring);
            FileCopies.makeFolder(replacement.files());
            return replacement;
        } catch (IOException | RuntimeException e) {
            if (note != null) {
                note.close();
            }
            lock.close();
            throw e;
        }
    }

    /** A state folder by itself, to open what is to be put in place and look at it. */
    public Path made() {
        return restoring;
    }

    /** Where the files of the new database are to be put. */
    public Path files() {
        return restoring.resolve(DATABASE);
    }

    /**
     * Puts the new database in place; it must not be open any more.
     *
     * @param at what the old one is named by
     * @return where the old one is now; empty if there was none
     */
    public Optional<Path> put(Instant at) throws IOException {
        Path restored = folder.resolve(RESTORED);
        FileCopies.syncAll(files());
        Files.move(files(), restored, StandardCopyOption.ATOMIC_MOVE);
        FileCopies.sync(folder);
        Optional<Path> before = Optional.empty();
        Path database = folder.resolve(DATABASE);
        if (Files.exists(database)) {
            if (note.read().isPresent()) {
                Path kept = database.resolve(FENCE);
                Files.copy(folder.resolve(FENCE), kept, StandardCopyOption.REPLACE_EXISTING);
                FileCopies.sync(kept);
            }
            before =
                    Optional.of(
                            free(
                                    "database.before-"
                                            + TIME.format(at.truncatedTo(ChronoUnit.SECONDS))));
            Files.move(database, before.get(), StandardCopyOption.ATOMIC_MOVE);
            FileCopies.sync(folder);
        }
        boolean _ = settle(folder, note);
        return before;
    }

    private Path free(String name) {
        Path path = folder.resolve(name);
        for (int i = 2; Files.exists(path); i++) {
            path = folder.resolve(name + "-" + i);
        }
        return path;
    }

    /**
     * Ends what was cut short: the new one comes in place if the old one is out of it already, and
     * else the old one stays.
     *
     * @return whether a new one came in place
     */
    static boolean settle(Path folder, FenceNote note) throws IOException {
        Path restored = folder.resolve(RESTORED);
        if (!Files.exists(restored)) {
            return false;
        }
        Path database = folder.resolve(DATABASE);
        if (Files.exists(database)) {
            FileCopies.delete(restored);
            return false;
        }
        // What it says is of the log of the old one.
        note.clear();
        Files.move(restored, database, StandardCopyOption.ATOMIC_MOVE);
        FileCopies.sync(folder);
        return true;
    }

    /** Lets go of the folder. What was not put in place is gone. */
    @Override
    public void close() throws IOException {
        try (FolderLock _ = lock;
                FenceNote _ = note) {
            FileCopies.delete(restoring);
        }
    }
}
