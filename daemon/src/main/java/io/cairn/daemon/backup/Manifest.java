package io.cairn.daemon.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.store.FileCopies;
import io.cairn.daemon.volume.Census;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * What a backup is and what its files are, in the file {@code manifest} beside them. Its last line
 * is the checksum of all before it.
 *
 * @param sequence from 1
 * @param at the instant of which the backup is
 * @param daemon whose state it is
 * @param schema the number of the last step of its schema
 * @param census what the state had then
 * @param bytes what the files take together
 * @param sums the SHA-256 of each file by its name, in hexadecimal
 */
record Manifest(
        long sequence,
        Instant at,
        UUID daemon,
        int schema,
        Census census,
        long bytes,
        SortedMap<String, String> sums) {
    static final String FILE = "manifest";

    private static final String FIRST = "# Cairn, backup of the state, format 1";
    private static final String SUM = "# sum: ";
    private static final int MOST_BYTES = 64 << 10;

    /** Those of the database's files, none of which leads out of the folder. */
    private static final Pattern NAME = Pattern.compile("state\\.[a-z]{1,20}");

    Manifest {
        sums = Collections.unmodifiableSortedMap(new TreeMap<>(sums));
    }

    /** The checksums of the files in a folder, other than a manifest. */
    static SortedMap<String, String> sums(Path folder) throws IOException {
        SortedMap<String, String> sums = new TreeMap<>();
        for (Path file : FileCopies.files(folder)) {
            String name = String.valueOf(file.getFileName());
            if (!name.equals(FILE)) {
                sums.put(name, sum(file));
            }
        }
        return sums;
    }

    static long bytes(Path folder) throws IOException {
        long bytes = 0;
        for (Path file : FileCopies.files(folder)) {
            if (!file.endsWith(FILE)) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    private static String sum(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] piece = new byte[1 << 16];
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                if (Thread.interrupted()) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while reading " + file);
                }
                digest.update(piece, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** What is not as it is written here, in words; empty if all is. */
    List<String> differing(SortedMap<String, String> found) {
        List<String> problems = new ArrayList<>();
        sums.forEach(
                (name, sum) -> {
                    String there = found.get(name);
                    if (there == null) {
                        problems.add("its file %s is missing".formatted(name));
                    } else if (!there.equals(sum)) {
                        problems.add(
                                "its file %s is damaged: its checksum is not the one it was written with"
                                        .formatted(name));
                    }
                });
        found.keySet().stream()
                .filter(name -> !sums.containsKey(name))
                .forEach(name -> problems.add("the file %s does not belong to it".formatted(name)));
        return problems;
    }

    /** Writes it into the folder; durable when it returns. */
    void write(Path folder) throws IOException {
        StringBuilder text = new StringBuilder(FIRST).append('\n');
        field(text, "sequence", sequence);
        field(text, "at", at);
        field(text, "daemon", daemon);
        field(text, "schema", schema);
        field(text, "volumes", census.volumes());
        field(text, "snapshots", census.snapshots());
        field(text, "unfinished", census.unfinished());
        field(text, "bytes", bytes);
        sums.forEach((name, sum) -> text.append(sum).append("  ").append(name).append('\n'));
        String sum = HexFormat.of().formatHex(digest(text.toString()));
        text.append(SUM).append(sum).append('\n');
        Path file = folder.resolve(FILE);
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")))) {
            var bytesLeft = UTF_8.encode(text.toString());
            while (bytesLeft.hasRemaining()) {
                channel.write(bytesLeft);
            }
            channel.force(true);
        }
        FileCopies.sync(folder);
    }

    private static void field(StringBuilder text, String name, Object value) {
        text.append("# ").append(name).append(": ").append(value).append('\n');
    }

    private static byte[] digest(String text) {
        return sha256().digest(text.getBytes(UTF_8));
    }

    /**
     * Reads the one in a folder.
     *
     * @throws IOException if there is none, or it is damaged
     */
    static Manifest read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            throw new IOException("it has no manifest");
        }
        if (Files.size(file) > MOST_BYTES) {
            throw new IOException("its manifest is damaged: it is too long");
        }
        // Any byte that is no text becomes one, and the sum another.
        String text = new String(Files.readAllBytes(file), UTF_8);
        int end = text.lastIndexOf(SUM);
        if (!text.startsWith(FIRST + "\n")
                || end < 0
                || !text.substring(end)
                        .equals(
                                SUM
                                        + HexFormat.of().formatHex(digest(text.substring(0, end)))
                                        + "\n")) {
            throw new IOException(
                    "its manifest is damaged, or of another Cairn: it does not have the checksum that it ends with");
        }
        Map<String, String> fields = new HashMap<>();
        SortedMap<String, String> sums = new TreeMap<>();
        for (String line : text.substring(0, end).lines().skip(1).toList()) {
            String[] parts =
                    line.startsWith("# ") ? line.substring(2).split(": ", 2) : line.split("  ", 2);
            if (parts.length < 2) {
                throw new IOException("its manifest has a line that is none: " + line);
            }
            if (line.startsWith("# ")) {
                fields.put(parts[0], parts[1]);
            } else if (!NAME.matcher(parts[1]).matches()) {
                throw new IOException(
                        "its manifest names a file that is none of a database: " + parts[1]);
            } else {
                sums.put(parts[1], parts[0]);
            }
        }
        try {
            return new Manifest(
                    number(fields, "sequence"),
                    Instant.parse(fields.getOrDefault("at", "")),
                    UUID.fromString(fields.getOrDefault("daemon", "")),
                    (int) number(fields, "schema"),
                    new Census(
                            number(fields, "volumes"),
                            number(fields, "snapshots"),
                            number(fields, "unfinished")),
                    number(fields, "bytes"),
                    sums);
        } catch (DateTimeException | IllegalArgumentException e) {
            throw new IOException("its manifest cannot be understood: " + e.getMessage(), e);
        }
    }

    private static long number(Map<String, String> fields, String name) {
        return Long.parseLong(fields.getOrDefault(name, ""));
    }
}
