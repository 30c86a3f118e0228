package io.cairn.daemon.backup;

import io.cairn.daemon.store.CopyWatch;
import io.cairn.daemon.store.FileCopies;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Census;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Opens a copy of a backup's files as a daemon would, and looks whether all is in it. */
final class Verification {
    private final List<SchemaStep> schema;
    private final CopyWatch watch;

    Verification(List<SchemaStep> schema, CopyWatch watch) {
        this.schema = schema;
        this.watch = watch;
    }

    /**
     * @param files the folder of the backup's files, which stay as they are
     * @param scratch a folder that is made for this and removed again
     * @param census what must be in it
     * @param original whether the state that the backup is of disagrees with itself
     * @return what is wrong with it; empty if nothing is
     * @throws IOException if it could not be copied
     */
    Optional<String> problem(
            Path files, Path scratch, Census census, Supplier<Optional<String>> original)
            throws IOException {
        Path database = scratch.resolve("database");
        try {
            FileCopies.makeFolder(scratch);
            FileCopies.makeFolder(database);
            for (Path file : FileCopies.files(files)) {
                if (!file.endsWith(Manifest.FILE)) {
                    FileCopies.copy(
                            file, database.resolve(String.valueOf(file.getFileName())), watch);
                }
            }
            return opened(scratch, census, original);
        } finally {
            FileCopies.delete(scratch);
        }
    }

    private Optional<String> opened(
            Path folder, Census census, Supplier<Optional<String>> original) {
        try (StateStore store = StateStore.openCopy(folder, schema)) {
            List<String> repairs = store.health().repairs();
            if (!repairs.isEmpty()) {
                return Optional.of("it was not whole: " + String.join("; ", repairs));
            }
            long _ = store.readAll();
            Census found = store.commit(Census.reading());
            if (!found.equals(census)) {
                return Optional.of("it has %s where there was %s".formatted(found, census));
            }
            // A state that disagrees with itself is worth a backup more than any.
            return Census.disagreement(store).filter(_ -> original.get().isEmpty());
        } catch (StoreException | RuntimeException e) {
            return Optional.of("it cannot be opened and read: " + e.getMessage());
        }
    }
}
