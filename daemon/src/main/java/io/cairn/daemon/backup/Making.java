package io.cairn.daemon.backup;

import io.cairn.daemon.store.CopyWatch;
import io.cairn.daemon.store.FileCopies;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Census;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Makes one backup, and removes those that are too many then. Used once, by one thread. */
final class Making {
    private static final Logger LOG = LoggerFactory.getLogger(Making.class);

    /** A copy takes so much less time than it takes to fill the log that two fail rarely. */
    private static final int TRIES = 3;

    private final StateStore store;
    private final List<SchemaStep> schema;
    private final BackupFolder folder;
    private final BackupPolicy policy;
    private final UUID daemon;
    private final InstantSource clock;
    private final CopyWatch watch;

    Making(
            StateStore store,
            List<SchemaStep> schema,
            BackupPolicy policy,
            UUID daemon,
            InstantSource clock,
            CopyWatch watch) {
        this.store = store;
        this.schema = schema;
        this.folder = new BackupFolder(policy.folder());
        this.policy = policy;
        this.daemon = daemon;
        this.clock = clock;
        this.watch = watch;
    }

    /**
     * What is known once one was made.
     *
     * @param all that are there now, the newest first
     * @param leftOver why one that was too many is still there
     */
    record Made(Backup backup, List<Backup> all, Optional<String> leftOver) {}

    /** There is too little space, or soon would be. */
    private static final class NoSpace extends IOException {
        @Serial private static final long serialVersionUID = 1;

        NoSpace(String message) {
            super(message);
        }
    }

    Made run() throws OperationException {
        try {
            Optional<BackupFolder.Turn> turn = folder.take();
            if (turn.isEmpty()) {
                throw new OperationException(
                        Code.BUSY,
                        "another daemon makes a backup in %s: give each a folder of its own by backup.folder"
                                .formatted(policy.folder()));
            }
            try (BackupFolder.Turn _ = turn.get()) {
                return made();
            }
        } catch (StoreException e) {
            throw failure(
                    switch (e.kind()) {
                        case FULL -> Code.NO_SPACE;
                        case FAILED, REFUSED -> Code.FAULT;
                        case LOCKED, DAMAGED, UNFIT, FENCED, CLOSED -> Code.UNAVAILABLE;
                    },
                    e);
        } catch (NoSpace e) {
            throw failure(Code.NO_SPACE, e);
        } catch (IOException e) {
            throw new OperationException(
                    Code.UNAVAILABLE,
                    "no backup was made in %s: %s; see that the folder is the daemon's user's and has space"
                            .formatted(policy.folder(), e),
                    e);
        }
    }

    private OperationException failure(Code code, Exception e) {
        return new OperationException(
                code, "no backup was made in %s: %s".formatted(policy.folder(), e.getMessage()), e);
    }

    private Made made() throws OperationException, StoreException, IOException {
        List<Backup> before = folder.list();
        refuseOthers(before);
        long needed = 2 * store.fileBytes();
        if (folder.freeBytes() < needed + policy.reserveBytes()) {
            throw new NoSpace(
                    "its file system has %d bytes free, and a backup with the copy that it is verified by takes %d, with %d to spare: make room there, keep fewer by backup.keep, or choose another by backup.folder"
                            .formatted(folder.freeBytes(), needed, policy.reserveBytes()));
        }
        Path making = folder.making();
        try {
            Census.Dated copied = copied(making);
            Manifest manifest =
                    new Manifest(
                            1 + before.stream().mapToLong(Backup::sequence).max().orElse(0),
                            copied.at(),
                            daemon,
                            schema.isEmpty() ? 0 : schema.getLast().number(),
                            copied.census(),
                            Manifest.bytes(making),
                            Manifest.sums(making));
            Optional<String> problem =
                    new Verification(schema, this::before)
                            .problem(
                                    making,
                                    folder.checking(),
                                    copied.census(),
                                    () -> Census.disagreement(store));
            if (problem.isPresent()) {
                throw new OperationException(
                        Code.FAULT,
                        "a backup was made and not kept, since it was verified and %s; try again, and see the daemon's log"
                                .formatted(problem.get()));
            }
            manifest.write(making);
            String name = folder.put(making, copied.at());
            return retained(
                    new Backup(
                            name,
                            manifest.sequence(),
                            manifest.at(),
                            manifest.bytes(),
                            manifest.census(),
                            ""));
        } finally {
            FileCopies.delete(making);
        }
    }

    private void refuseOthers(List<Backup> backups) throws OperationException {
        for (Backup each : backups) {
            if (each.sequence() > 0) {
                try {
                    UUID owner = Manifest.read(folder.path(each.name())).daemon();
                    if (!owner.equals(daemon)) {
                        throw new OperationException(
                                Code.CONFLICT,
                                "%s has the backup %s of another daemon, %s: give this one, %s, a folder of its own by backup.folder"
                                        .formatted(policy.folder(), each.name(), owner, daemon));
                    }
                } catch (IOException e) {
                    LOG.warn("Backup {} cannot be read: {}", each.name(), e.getMessage());
                }
            }
        }
    }

    private Census.Dated copied(Path making)
            throws OperationException, StoreException, IOException {
        for (int i = 0; i < TRIES; i++) {
            FileCopies.delete(making);
            FileCopies.makeFolder(making);
            Optional<Census.Dated> copied =
                    store.copyTo(making, this::before, Census.reading(clock));
            if (copied.isPresent()) {
                return copied.get();
            }
            LOG.info("The state was changed too much while it was copied; it is copied again");
        }
        throw new OperationException(
                Code.BUSY,
                "no backup was made: %d times the state was changed by more while it was copied than its log may hold, 12 MiB: try again at a quieter time, or choose a faster file system by backup.folder"
                        .formatted(TRIES));
    }

    private void before(long bytes) throws IOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new IOException("the daemon is stopping");
        }
        if (folder.freeBytes() - bytes < policy.reserveBytes()) {
            throw new NoSpace(
                    "its file system has %d bytes free by now, of which %d are to be spared: make room there, keep fewer by backup.keep, or choose another by backup.folder"
                            .formatted(folder.freeBytes(), policy.reserveBytes()));
        }
        watch.before(bytes);
    }

    /**
     * Removes the oldest of those that are too many. What shall stay is read again before: a
     * damaged one counts for nothing, so that an older one stays in its place.
     */
    private Made retained(Backup fresh) throws IOException {
        List<Backup> all = new ArrayList<>();
        Optional<String> leftOver = Optional.empty();
        int good = 0;
        for (Backup each : folder.list()) {
            if (!each.good() || each.name().equals(fresh.name())) {
                all.add(each);
                good += each.good() ? 1 : 0;
            } else if (good < policy.keep()) {
                Backup read = read(each);
                all.add(read);
                good += read.good() ? 1 : 0;
            } else {
                try {
                    folder.remove(each.name());
                    LOG.info("Removed backup {}, since {} newer ones are kept", each.name(), good);
                } catch (IOException e) {
                    LOG.warn("Backup {} cannot be removed: {}", each.name(), e.toString());
                    leftOver =
                            Optional.of(
                                    "backup %s is too many and cannot be removed: %s"
                                            .formatted(each.name(), e));
                    all.add(each);
                }
            }
        }
        return new Made(fresh, all, leftOver);
    }

    private Backup read(Backup backup) {
        try {
            Path path = folder.path(backup.name());
            List<String> problems = Manifest.read(path).differing(Manifest.sums(path));
            return problems.isEmpty() ? backup : backup.damaged(String.join("; ", problems));
        } catch (IOException e) {
            return backup.damaged(String.valueOf(e.getMessage()));
        }
    }
}
