package io.cairn.daemon.backup;

import io.cairn.daemon.store.FileCopies;
import io.cairn.daemon.store.Replacement;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.EarlierState;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The restore of a backup from a shell: {@code cairnd restore-state BACKUP}. No daemon may run
 * meanwhile. Killed at any instant, it leaves the state that was there or the one of the backup,
 * and may be repeated.
 */
public final class RestoreCommand {
    private static final String USAGE =
            """
            usage: cairnd restore-state BACKUP
            BACKUP is the name of a folder in backup.folder, such as state-2026-12-01T13-05-11Z, or
            the path of such a folder elsewhere. Stop the daemon first. The present state is put
            aside, and nothing of the storage is touched.\
            """;

    private final Path state;
    private final Path backups;
    private final List<SchemaStep> schema;
    private final Optional<UUID> daemon;
    private final PrintStream out;
    private final PrintStream err;

    /**
     * @param state the folder of the state store; made if there is none
     * @param backups the folder that the daemon makes backups in
     * @param schema all steps there are, in order
     * @param daemon the identity in the data folder, if there is one
     */
    public RestoreCommand(
            Path state,
            Path backups,
            List<SchemaStep> schema,
            Optional<UUID> daemon,
            PrintStream out,
            PrintStream err) {
        this.state = state;
        this.backups = backups;
        this.schema = List.copyOf(schema);
        this.daemon = daemon;
        this.out = out;
        this.err = err;
    }

    /**
     * Does what the words after {@code cairnd restore-state} say.
     *
     * @return the exit status: 0 done, 1 failed and the state is as it was, 2 not understood
     */
    public int run(List<String> arguments) {
        if (arguments.size() != 1 || arguments.getFirst().isBlank()) {
            err.println(USAGE);
            return 2;
        }
        String which = arguments.getFirst();
        Path backup =
                BackupFolder.validName(which)
                        ? backups.resolve(which)
                        : Path.of(which).toAbsolutePath().normalize();
        try {
            restore(backup);
            return 0;
        } catch (StoreException | IOException e) {
            err.println(
                    "cairnd restore-state: %s was not restored: %s"
                            .formatted(
                                    backup,
                                    e instanceof FileSystemException
                                            ? e.toString()
                                            : e.getMessage()));
            return 1;
        }
    }

    private void restore(Path backup) throws StoreException, IOException {
        if (!Files.isDirectory(backup)) {
            throw new IOException(
                    "there is no such folder; those that there are lie in %s".formatted(backups));
        }
        refuseOtherUser();
        // Before anything else, so that a daemon that runs is told of whatever else is wrong.
        try (Replacement replacement = Replacement.begin(state)) {
            Manifest manifest = manifest(backup);
            refuseDamaged(manifest, backup);
            long needed = 2 * manifest.bytes();
            long free = state.toFile().getUsableSpace();
            if (free < needed) {
                throw new IOException(
                        "the file system of %s has %d bytes free, and this takes %d for a while: make room there"
                                .formatted(state, free, needed));
            }
            for (String name : manifest.sums().keySet()) {
                FileCopies.copy(backup.resolve(name), replacement.files().resolve(name), _ -> {});
            }
            refuseDamaged(manifest, replacement.files());
            Optional<String> problem =
                    new Verification(schema, _ -> {})
                            .problem(
                                    replacement.files(),
                                    replacement.made().resolve("checking"),
                                    manifest.census(),
                                    () -> Optional.of("it may be that of then"));
            if (problem.isPresent()) {
                throw new IOException("it was opened to be verified, and " + problem.get());
            }
            List<String> givenUp;
            try (StateStore store = StateStore.openCopy(replacement.made(), schema)) {
                givenUp = EarlierState.giveUpWhatWasBegun(store);
            }
            Optional<Path> before = replacement.put(Instant.now());
            tell(backup, manifest, before, givenUp);
        }
    }

    /** What another user makes the daemon could not open. */
    private void refuseOtherUser() throws IOException {
        Path folder = Files.exists(state) ? state : state.toAbsolutePath().getParent();
        if (folder == null || !Files.exists(folder)) {
            return;
        }
        UserPrincipal owner = Files.getOwner(folder);
        UserPrincipal self = Files.getOwner(Path.of("/proc/self"));
        if (!owner.equals(self)) {
            throw new IOException(
                    "%s is of user %s, and this runs as %s: run it as that user, as with sudo -u %s"
                            .formatted(folder, owner, self, owner));
        }
    }

    private Manifest manifest(Path backup) throws IOException {
        Manifest manifest;
        try {
            manifest = Manifest.read(backup);
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "; take another backup", e);
        }
        if (daemon.isPresent() && !daemon.get().equals(manifest.daemon())) {
            throw new IOException(
                    "it is of the daemon %s, and the data folder is that of %s: take one of its own"
                            .formatted(manifest.daemon(), daemon.get()));
        }
        return manifest;
    }

    private static void refuseDamaged(Manifest manifest, Path files) throws IOException {
        List<String> problems = manifest.differing(Manifest.sums(files));
        if (!problems.isEmpty()) {
            throw new IOException(String.join("; ", problems) + "; take another backup");
        }
    }

    private void tell(Path backup, Manifest manifest, Optional<Path> before, List<String> givenUp) {
        out.println(
                "The state is that of %s, with %d volumes and %d snapshots, from %s."
                        .formatted(
                                manifest.at(),
                                manifest.census().volumes(),
                                manifest.census().snapshots(),
                                backup));
        before.ifPresent(
                path ->
                        out.println(
                                "What was there is in %s; delete it when all is well."
                                        .formatted(path)));
        givenUp.forEach(
                each ->
                        out.println(
                                "It was being carried out at that instant and is given up here, whatever came of it: %s."
                                        .formatted(each)));
        if (daemon.isEmpty()) {
            out.println(
                    "The daemon's identity is missing: write %s into %s before you start it, or the backends are another daemon's."
                            .formatted(manifest.daemon(), state.resolveSibling("daemon-id")));
        }
        out.println(
                "What was done since then is on the backends and not in the state: start the daemon, and have it run checkBackend of each. README.md says what to do about what that finds.");
    }
}
