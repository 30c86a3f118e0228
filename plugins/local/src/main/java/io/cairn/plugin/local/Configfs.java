package io.cairn.plugin.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Objects of the kernel that are made, set and removed as folders, files and links
 * (Documentation/filesystems/configfs.rst). Whatever is made already, or removed, stays so.
 */
final class Configfs {
    static final Path ROOT = Path.of("/sys/kernel/config");

    /** While others remove the folder above, since they find it empty. */
    private static final int TRIES = 100;

    private Configfs() {}

    static void make(Path object) throws IOException {
        try {
            Files.createDirectory(object);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(object, LinkOption.NOFOLLOW_LINKS)) {
                throw e;
            }
        }
    }

    /** Makes an object in one that is removed when it is empty, by others too. */
    static void make(Path above, Path object) throws IOException {
        for (int left = TRIES; ; left--) {
            make(above);
            try {
                make(object);
                return;
            } catch (NoSuchFileException e) {
                if (left == 1) {
                    throw e;
                }
            }
        }
    }

    static void remove(Path object) throws IOException {
        Files.deleteIfExists(object);
    }

    /** Removes an object unless others are in it. */
    static void removeIfEmpty(Path object) throws IOException {
        try {
            Files.deleteIfExists(object);
        } catch (FileSystemException e) {
            // The files of its own do not count, so that nothing tells before.
            if (Files.isDirectory(object) && folders(object).isEmpty()) {
                throw e;
            }
        }
    }

    static void link(Path link, Path to) throws IOException {
        try {
            Files.createSymbolicLink(link, to);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isSymbolicLink(link)) {
                throw e;
            }
        }
    }

    static boolean isThere(Path object) {
        return Files.isDirectory(object, LinkOption.NOFOLLOW_LINKS);
    }

    /** The objects in another; none if that is not there. */
    static List<Path> folders(Path above) throws IOException {
        return entries(above, false);
    }

    /** The links in an object; none if that is not there. */
    static List<Path> links(Path above) throws IOException {
        return entries(above, true);
    }

    private static List<Path> entries(Path above, boolean links) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(above)) {
            for (Path entry : stream) {
                if (links
                        ? Files.isSymbolicLink(entry)
                        : Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    found.add(entry);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException _) {
            return List.of();
        } catch (DirectoryIteratorException e) {
            // Removed while it was read.
            if (e.getCause() instanceof NoSuchFileException) {
                return List.of();
            }
            throw e.getCause();
        }
        Collections.sort(found);
        return found;
    }

    /** What an attribute is, without the end of its line. */
    static String read(Path attribute) throws IOException {
        // Unlike a channel, no interrupt closes it.
        try (FileInputStream in = new FileInputStream(attribute.toFile())) {
            return new String(in.readAllBytes(), UTF_8).strip();
        }
    }

    /** The same, and nothing where the object or the attribute is not there. */
    static String readIfThere(Path attribute) throws IOException {
        try {
            return read(attribute);
        } catch (IOException e) {
            if (Files.exists(attribute)) {
                throw e;
            }
            return "";
        }
    }

    /** Sets an attribute, by one call. What it is set to is in no failure's words. */
    static void write(Path attribute, String value) throws IOException {
        try (FileOutputStream out = new FileOutputStream(attribute.toFile())) {
            out.write(value.getBytes(UTF_8));
        } catch (IOException e) {
            throw new FileSystemException(attribute.toString(), null, e.getMessage());
        }
    }

    /** What the kernel says why it would not, at the end of a failure's words. */
    static String reason(IOException e) {
        return e instanceof FileSystemException file && file.getReason() != null
                ? file.getReason()
                : String.valueOf(e.getMessage());
    }
}
