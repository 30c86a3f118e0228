package io.cairn.daemon.transfer;

import io.cairn.daemon.config.Ownership;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.jspecify.annotations.Nullable;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The one folder that exports are written to and imports are read from, by plain names. It, and
 * what is in it, is the daemon's user's alone. Safe for many threads.
 */
final class TransferFolder {
    /** An import of {@link io.cairn.daemon.volume.Dossiers#MOST} objects is smaller. */
    static final long MOST_BYTES = 48L << 20;

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,57}\\.json");
    private static final Pattern UNFINISHED =
            Pattern.compile("\\.[a-z0-9._-]+\\.json\\.[0-9a-f-]{36}\\.new");

    /** Another daemon may be writing to the same folder, but for no so long. */
    private static final Duration LEFT_BEHIND = Duration.ofHours(1);

    private static final FileAttribute<?> OWNER_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<?> OWNER_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path folder;

    TransferFolder(Path folder) {
        this.folder = folder;
    }

    /** Writes a file's content. */
    interface Content {
        void writeTo(OutputStream out) throws IOException, OperationException, InterruptedException;
    }

    /** Reads a file's content. */
    interface Reading<T> {
        T read(InputStream in) throws IOException, OperationException;
    }

    /**
     * Writes a file that is not there yet, all of it and durable, or nothing.
     *
     * @throws OperationException INVALID for a name that is none; CONFLICT if there is such a file;
     *     UNAVAILABLE if it cannot be written; or what the content fails by
     */
    Path write(String name, Content content) throws OperationException, InterruptedException {
        Path file = file(name);
        try {
            Files.createDirectories(folder, OWNER_FOLDER);
            requireOwn();
            sweep();
            refuseThere(file);
            Path whole = folder.resolve(".%s.%s.new".formatted(name, UUID.randomUUID()));
            try {
                try (FileChannel channel =
                        FileChannel.open(
                                whole,
                                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                                OWNER_FILE)) {
                    OutputStream out =
                            new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
                    content.writeTo(out);
                    out.flush();
                    channel.force(true);
                }
                // A rename would replace what came to be meanwhile; a link does not.
                Files.createLink(file, whole);
            } finally {
                Files.deleteIfExists(whole);
            }
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
            return file;
        } catch (FileAlreadyExistsException e) {
            throw there(file, e);
        } catch (IOException e) {
            throw new OperationException(
                    Code.UNAVAILABLE,
                    "%s cannot be written: %s; see that its folder is the daemon's user's and has space"
                            .formatted(file, e),
                    e);
        }
    }

    /** Removes what was being written when a daemon was killed, with whatever secrets it has. */
    private void sweep() throws IOException {
        Instant before = Instant.now().minus(LEFT_BEHIND);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (UNFINISHED.matcher(String.valueOf(file.getFileName())).matches()
                        && olderThan(before, file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static boolean olderThan(Instant instant, Path file) throws IOException {
        try {
            return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS)
                    .toInstant()
                    .isBefore(instant);
        } catch (NoSuchFileException _) {
            // Whoever wrote it has ended just now.
            return false;
        }
    }

    /**
     * @throws OperationException INVALID for a name that is none, or a file too large; NOT_FOUND
     */
    <T> T read(String name, Reading<T> reading) throws OperationException {
        Path file = file(name);
        try {
            requireOwn();
            if (Files.isSymbolicLink(file) || Files.isDirectory(file)) {
                throw new OperationException(
                        Code.INVALID,
                        "%s is no plain file: copy the export itself to there".formatted(file));
            }
            try (FileChannel channel =
                    FileChannel.open(
                            file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
                if (channel.size() > MOST_BYTES) {
                    throw new OperationException(
                            Code.INVALID,
                            "%s has %d bytes, and an import %d at most: export one backend, or some volumes, at a time"
                                    .formatted(file, channel.size(), MOST_BYTES));
                }
                return reading.read(Channels.newInputStream(channel));
            }
        } catch (NoSuchFileException e) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "there is no file %s: copy the export to there first".formatted(file),
                    e);
        } catch (IOException e) {
            throw new OperationException(
                    Code.UNAVAILABLE,
                    "%s cannot be read: %s; it must be readable by the daemon's user"
                            .formatted(file, e),
                    e);
        }
    }

    private Path file(String name) throws OperationException {
        if (!NAME.matcher(name).matches()) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no file name for an export: use 1 to 58 lower-case letters, digits, '.', '_' and '-', a letter or digit first, and .json; it lies in %s"
                            .formatted(Names.shortened(name), folder));
        }
        return folder.resolve(name);
    }

    /** What others can write is not what the daemon wrote, and may hold anything. */
    private void requireOwn() throws OperationException {
        if (!Files.exists(folder)) {
            return;
        }
        Optional<String> problem = Ownership.readableByOthers(folder);
        if (problem.isPresent()) {
            throw new OperationException(
                    Code.UNAVAILABLE,
                    problem.get().replace("chmod 600", "chmod 700") + ", since exports lie there");
        }
    }

    private static void refuseThere(Path file) throws OperationException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw there(file, null);
        }
    }

    private static OperationException there(Path file, @Nullable Exception cause) {
        return new OperationException(
                Code.CONFLICT,
                "there is a file %s already, and it was left as it is: choose another name, or take it away"
                        .formatted(file),
                cause);
    }
}
