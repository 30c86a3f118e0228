package io.cairn.daemon.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;

/**
 * From a folder, in whatever state a crash left it, to an open database. There is one way: for the
 * first start, after a clean stop, after a crash, and to reopen a fenced one.
 *
 * <pre>
 * lock       held by the daemon; its process id
 * fence      how much of the log is good, if that is not all of it
 * database/  HSQLDB's files
 * </pre>
 *
 * <p>{@link Replacement} says what else a restore leaves there.
 */
final class Opening {
    /** HSQLDB's codes for a script or log that it cannot replay. */
    private static final List<Integer> CANNOT_REPLAY = List.of(-461, -472);

    private final Path folder;
    private final Path files;
    private final Path database;
    private final FenceNote note;
    private final Schema schema;
    private final Consumer<String> repairs;

    Opening(Path folder, FenceNote note, Schema schema, Consumer<String> repairs) {
        this.folder = folder;
        this.files = folder.resolve("database");
        this.database = files.resolve("state");
        this.note = note;
        this.schema = schema;
        this.repairs = repairs;
    }

    /** Opens the database and lets readers in. */
    Engine open(ReadPool pool) throws StoreException {
        try {
            if (Replacement.settle(folder, note)) {
                repairs.accept(
                        "put the database in place that a restore had made before it was cut short");
            }
            if (!Files.exists(files)) {
                create();
            }
            new LogTail(Engine.logOf(database)).cut(note.read()).ifPresent(repairs);
            Engine engine = Engine.open(database);
            try {
                note.clear();
                migrate(engine);
                pool.open(engine);
                return engine;
            } catch (IOException
                    | SQLException
                    | StoreException
                    | EngineFault
                    | RuntimeException e) {
                engine.abandon(e);
                throw e;
            }
        } catch (IOException | EngineFault e) {
            throw failed(StoreException.Kind.FAILED, e);
        } catch (SQLException e) {
            throw failed(
                    CANNOT_REPLAY.contains(e.getErrorCode())
                            ? StoreException.Kind.DAMAGED
                            : StoreException.Kind.FAILED,
                    e);
        }
    }

    private StoreException failed(StoreException.Kind kind, Exception e) {
        String advice =
                kind == StoreException.Kind.DAMAGED
                        ? "; its log was left as it is. Restore the folder from a copy, or rebuild the state from the backends"
                        : "";
        return new StoreException(
                kind,
                "the state in %s cannot be opened: %s%s".formatted(folder, e.getMessage(), advice),
                e);
    }

    /**
     * A database is made aside and then put in place, so that a crash leaves none or a whole one.
     */
    private void create() throws IOException, SQLException, StoreException {
        Path aside = folder.resolve("database.new");
        FileCopies.delete(aside);
        FileCopies.makeFolder(aside);
        Engine.create(aside.resolve("state"));
        FileCopies.sync(aside);
        Files.move(aside, files, StandardCopyOption.ATOMIC_MOVE);
        FileCopies.sync(folder);
    }

    /**
     * HSQLDB commits every statement that changes the schema by itself. So all steps are done
     * between two checkpoints, with a note to throw the log between them away: a crash leaves a
     * database with all of them or none.
     */
    private void migrate(Engine engine)
            throws IOException, SQLException, StoreException, EngineFault {
        List<SchemaStep> missing = schema.missing(engine.connection());
        if (missing.isEmpty()) {
            engine.rollback();
            return;
        }
        engine.checkpoint();
        note.write(engine.goodBytes());
        for (SchemaStep step : missing) {
            try {
                Schema.apply(step, engine.connection());
            } catch (SQLException e) {
                throw new StoreException(
                        StoreException.Kind.UNFIT,
                        "schema step %d (%s) cannot be applied to the state in %s: %s; the state is as it was"
                                .formatted(step.number(), step.name(), folder, e.getMessage()),
                        e);
            }
        }
        engine.checkpoint();
        note.clear();
    }
}
