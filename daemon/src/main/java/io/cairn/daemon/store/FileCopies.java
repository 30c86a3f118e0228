package io.cairn.daemon.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Copies of files and folders that nobody else can read, and durable ones. Where the file system
 * shares content (XFS, btrfs) a copy does too: the JDK copies by {@code copy_file_range}, which
 * does so by itself.
 */
public final class FileCopies {
    private static final long PIECE = 16L << 20;

    private static final FileAttribute<?> OWNER_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<?> OWNER_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private FileCopies() {}

    /** Makes a folder that is not there yet, for its owner alone. */
    public static void makeFolder(Path folder) throws IOException {
        Files.createDirectory(folder, OWNER_FOLDER);
    }

    /** Copies a whole file; {@link #sync} makes it durable. */
    public static void copy(Path from, Path to, CopyWatch watch) throws IOException {
        try (FileChannel source =
                FileChannel.open(
                        from, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            copy(source, source.size(), to, watch);
        }
    }

    /** Copies the beginning of a file to one that is not there yet. */
    static void copy(FileChannel source, long bytes, Path to, CopyWatch watch) throws IOException {
        try (FileChannel target = create(to)) {
            long done = 0;
            while (done < bytes) {
                long piece = Math.min(PIECE, bytes - done);
                watch.before(piece);
                long copied = source.transferTo(done, piece, target);
                if (copied <= 0) {
                    throw new EOFException(
                            "%s ends at byte %d where its source had %d"
                                    .formatted(to, done, bytes));
                }
                done += copied;
            }
        }
    }

    static FileChannel create(Path file) throws IOException {
        return FileChannel.open(
                file, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), OWNER_FILE);
    }

    /** Returns once what a file or a folder holds is on stable storage. */
    public static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** The files of a folder, by name, made durable with the folder itself. */
    public static List<Path> syncAll(Path folder) throws IOException {
        List<Path> files = files(folder);
        for (Path file : files) {
            sync(file);
        }
        sync(folder);
        return files;
    }

    /** What is in a folder, by name. */
    public static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** Deletes a folder with all that is in it, if it is there; follows no link. */
    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> left = Files.walk(folder)) {
            for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
