package io.cairn.daemon.access;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The file of users: a line {@code NAME:ROLE:HASH} each, empty lines, and comments that begin with
 * {@code #}. It is written whole and renamed into place, so that a reader never sees half of it.
 */
final class UsersFile {
    static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rw-------");

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

    /** File locks are the process's; threads of one process must be kept apart as well. */
    private static final ReentrantLock EDITING = new ReentrantLock();

    private final Path file;

    record Entry(String name, Role role, PasswordHash hash) {
        String line() {
            return "%s:%s:%s".formatted(name, role, hash);
        }
    }

    /** What tells one state of the file from another. */
    record Stamp(String key, FileTime modified, long sizeBytes) {}

    UsersFile(Path file) {
        this.file = file.toAbsolutePath();
    }

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    static String checkedName(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException(
                    """
                    %s is no user name: write 1 to 63 lower-case letters, digits, '.', '_' or '-', \
                    a letter or digit first\
                    """
                            .formatted(Text.quoted(name, 63)));
        }
        return name;
    }

    boolean exists() {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    }

    Stamp stamp() throws IOException {
        PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
        return new Stamp(
                String.valueOf(attributes.fileKey()),
                attributes.lastModifiedTime(),
                attributes.size());
    }

    /**
     * @throws IOException if it cannot be read, if others can read or write it, or if a line is
     *     wrong; every wrong line is named
     */
    Map<String, Entry> read() throws IOException {
        return parse(readLines());
    }

    /**
     * Changes the lines. Comments and the order of what is there stay as they are.
     *
     * @throws IOException as in {@link #read}, or if it cannot be written; then it is as before
     */
    void edit(UnaryOperator<List<String>> change) throws IOException {
        Path lock = file.resolveSibling(file.getFileName() + ".lock");
        EDITING.lock();
        try (FileChannel channel =
                        FileChannel.open(
                                lock,
                                Set.of(
                                        StandardOpenOption.CREATE,
                                        StandardOpenOption.WRITE,
                                        LinkOption.NOFOLLOW_LINKS),
                                PosixFilePermissions.asFileAttribute(PRIVATE));
                FileLock held = channel.lock()) {
            if (!held.isValid()) {
                throw new IOException("the lock %s was lost".formatted(lock));
            }
            List<String> lines = exists() ? readLines() : List.of();
            parse(lines);
            List<String> changed = change.apply(new ArrayList<>(lines));
            parse(changed);
            writePrivately(file, String.join("\n", changed) + "\n");
        } finally {
            EDITING.unlock();
        }
    }

    /** The name that a line is about, or nothing for a comment. */
    static String nameIn(String line) {
        String trimmed = line.strip();
        return trimmed.startsWith("#") ? "" : trimmed.split(":", 2)[0];
    }

    /** Writes a file that only its owner can read: all of it or nothing, also if power is lost. */
    static void writePrivately(Path file, String text) throws IOException {
        Path folder = checkedFolder(file);
        Path temporary =
                Files.createTempFile(
                        folder,
                        "." + file.getFileName(),
                        ".new",
                        PosixFilePermissions.asFileAttribute(PRIVATE));
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, Set.of(StandardOpenOption.WRITE))) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException f) {
                e.addSuppressed(f);
            }
            throw e;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private List<String> readLines() throws IOException {
        checkedFolder(file);
        PosixFileAttributes attributes;
        try {
            attributes =
                    Files.readAttributes(
                            file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file of users at %s".formatted(file), e);
        }
        if (!attributes.isRegularFile()) {
            throw new IOException("%s is no regular file".formatted(file));
        }
        if (!PRIVATE.containsAll(attributes.permissions())) {
            throw new IOException(
                    "%s is open to others (%s): chmod 600 it, and change the passwords in it"
                            .formatted(
                                    file, PosixFilePermissions.toString(attributes.permissions())));
        }
        return Files.readAllLines(file, UTF_8);
    }

    private static Path checkedFolder(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) {
            throw new IOException("%s is in no folder".formatted(file));
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(
                    "others can write the folder %s (%s): chmod go-w it"
                            .formatted(folder, PosixFilePermissions.toString(permissions)));
        }
        return folder;
    }

    private Map<String, Entry> parse(List<String> lines) throws IOException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                Entry entry = parse(line);
                if (entries.put(entry.name(), entry) != null) {
                    throw new IllegalArgumentException("%s is there twice".formatted(entry.name()));
                }
            } catch (IllegalArgumentException e) {
                problems.add("%s line %d: %s".formatted(file, i + 1, e.getMessage()));
            }
        }
        if (!problems.isEmpty()) {
            throw new IOException(String.join("\n", problems));
        }
        return Map.copyOf(entries);
    }

    private static Entry parse(String line) {
        String[] parts = line.split(":", 3);
        if (parts.length != 3) {
            throw new IllegalArgumentException("a line is NAME:ROLE:HASH");
        }
        return new Entry(checkedName(parts[0]), Role.parse(parts[1]), PasswordHash.parse(parts[2]));
    }
}
