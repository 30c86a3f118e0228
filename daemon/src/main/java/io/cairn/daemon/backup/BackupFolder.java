package io.cairn.daemon.backup;

import io.cairn.daemon.config.Ownership;
import io.cairn.daemon.store.FileCopies;
import io.cairn.daemon.volume.Census;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The folder that backups lie in, as the package describes it. Safe for many threads. */
final class BackupFolder {
    private static final Pattern NAME =
            Pattern.compile(
                    "state-([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2})-([0-9]{2})-([0-9]{2})Z(-[0-9]{1,9})?");
    private static final Pattern UNFINISHED =
            Pattern.compile("\\.(making|checking|removing)-[0-9a-f-]{36}");

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH-mm-ss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private final Path folder;

    BackupFolder(Path folder) {
        this.folder = folder;
    }

    /** Whether a text can be the name of a backup. */
    static boolean validName(String text) {
        return NAME.matcher(text).matches();
    }

    /** That nobody else makes a backup here, until it is closed. */
    record Turn(FileChannel channel) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /**
     * Makes the folder if there is none, takes it, and removes what was left unfinished.
     *
     * @return empty if somebody has it
     * @throws IOException if it cannot be used
     */
    Optional<Turn> take() throws IOException {
        Files.createDirectories(
                folder,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Optional<String> problem = Ownership.readableByOthers(folder);
        if (problem.isPresent()) {
            // What others can change is not what the daemon wrote, and a state has secrets.
            throw new IOException(problem.get().replace("chmod 600", "chmod 700"));
        }
        FileChannel channel =
                FileChannel.open(
                        folder.resolve(".lock"),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        boolean taken = false;
        try {
            if (channel.tryLock() == null) {
                return Optional.empty();
            }
            for (Path path : FileCopies.files(folder)) {
                if (UNFINISHED.matcher(String.valueOf(path.getFileName())).matches()) {
                    FileCopies.delete(path);
                }
            }
            taken = true;
            return Optional.of(new Turn(channel));
        } catch (OverlappingFileLockException _) {
            return Optional.empty();
        } finally {
            if (!taken) {
                channel.close();
            }
        }
    }

    Path making() {
        return unfinished("making");
    }

    Path checking() {
        return unfinished("checking");
    }

    private Path unfinished(String what) {
        return folder.resolve(".%s-%s".formatted(what, UUID.randomUUID()));
    }

    Path path(String name) {
        return folder.resolve(name);
    }

    long freeBytes() {
        return folder.toFile().getUsableSpace();
    }

    /** Puts a backup that is whole, durable and verified in its place; returns its name. */
    String put(Path made, Instant at) throws IOException {
        String first = "state-" + TIME.format(at);
        String name = first;
        for (int i = 2; Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS); i++) {
            name = first + "-" + i;
        }
        Files.move(made, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        FileCopies.sync(folder);
        return name;
    }

    /** Removes a backup; a kill leaves all of it, or nothing that looks like one. */
    void remove(String name) throws IOException {
        Path removing = unfinished("removing");
        Files.move(folder.resolve(name), removing, StandardCopyOption.ATOMIC_MOVE);
        FileCopies.sync(folder);
        FileCopies.delete(removing);
    }

    /** All of them, the newest first; those without a number that can be read are the last. */
    List<Backup> list() throws IOException {
        List<Backup> backups = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            for (Path path : FileCopies.files(folder)) {
                String name = String.valueOf(path.getFileName());
                if (validName(name) && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    backups.add(backup(path, name));
                }
            }
        }
        backups.sort(
                Comparator.comparingLong(Backup::sequence).thenComparing(Backup::name).reversed());
        return backups;
    }

    private static Backup backup(Path path, String name) {
        try {
            Manifest manifest = Manifest.read(path);
            long bytes = Manifest.bytes(path);
            return new Backup(
                    name,
                    manifest.sequence(),
                    manifest.at(),
                    bytes,
                    manifest.census(),
                    bytes == manifest.bytes()
                            ? ""
                            : "its files have %d bytes and had %d"
                                    .formatted(bytes, manifest.bytes()));
        } catch (IOException e) {
            return new Backup(
                    name, 0, instant(name), 0, new Census(0, 0, 0), String.valueOf(e.getMessage()));
        }
    }

    private static Instant instant(String name) {
        Matcher parts = NAME.matcher(name);
        try {
            return parts.matches()
                    ? Instant.parse(
                            "%sT%s:%s:%sZ"
                                    .formatted(
                                            parts.group(1),
                                            parts.group(2),
                                            parts.group(3),
                                            parts.group(4)))
                    : Instant.EPOCH;
        } catch (DateTimeException _) {
            return Instant.EPOCH;
        }
    }
}
