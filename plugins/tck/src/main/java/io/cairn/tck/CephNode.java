package io.cairn.tck;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A Ceph cluster of one node on loopback, as {@code etc/testbeds/ceph-one-node} makes it. Its user
 * {@code cairn} may use its pool {@code cairn}.
 */
public final class CephNode implements AutoCloseable {
    public static final String POOL = "cairn";

    private final Path folder;

    private CephNode(Path folder) {
        this.folder = folder;
    }

    /**
     * Starts one, which takes half a minute.
     *
     * @param options of {@code ceph-one-node start}
     * @throws TestAbortedException if Ceph is not installed
     */
    public static CephNode start(String... options) throws IOException, InterruptedException {
        for (String program : List.of("ceph-mon", "ceph-mgr", "ceph-osd", "rbd")) {
            if (!Files.isExecutable(Path.of("/usr/bin", program))) {
                throw new TestAbortedException(
                        "there is no %s: install ceph-mon ceph-mgr ceph-osd ceph-common"
                                .formatted(program));
            }
        }
        Path folder = Files.createTempDirectory("cairn-ceph").resolve("node");
        List<String> words = new ArrayList<>(List.of(program(), "start", folder.toString()));
        words.addAll(List.of(options));
        String _ = said(words);
        return new CephNode(folder);
    }

    /** In the project's own folder, above the one that tests run in. */
    private static String program() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path program = at.resolve("etc/testbeds/ceph-one-node");
            if (Files.isExecutable(program)) {
                return program.toString();
            }
        }
        throw new IllegalStateException("there is no etc/testbeds/ceph-one-node above here");
    }

    /** Where it keeps all that it has, and its {@code ceph.conf}. */
    public Path folder() {
        return folder;
    }

    /** What a client needs to reach it, and has the keyrings named. */
    public Path conf() {
        return folder.resolve("ceph.conf");
    }

    /** Runs one of Ceph's tools as the cluster's administrator; what it prints. */
    public static String asAdmin(String program, Path folder, String... words)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                program,
                                "--conf",
                                folder.resolve("ceph.conf").toString(),
                                "--id",
                                "admin"));
        command.addAll(List.of(words));
        return said(command);
    }

    /**
     * Runs a program, and returns what it prints.
     *
     * @throws IOException if it fails, with what it says
     */
    public static String said(List<String> command) throws IOException, InterruptedException {
        return new String(printed(command), UTF_8).strip();
    }

    /** The same for what need not be text. */
    public static byte[] printed(List<String> command) throws IOException, InterruptedException {
        Ended ended = run(command);
        if (ended.status() != 0) {
            throw new IOException(
                    "%s failed: %s%s"
                            .formatted(
                                    String.join(" ", command),
                                    new String(ended.output(), UTF_8),
                                    ended.errors()));
        }
        return ended.output();
    }

    /** How a program ended, and what it printed and said until then. */
    @SuppressWarnings("ArrayRecordComponent") // looked at, and compared with nothing
    public record Ended(int status, byte[] output, String errors) {}

    /** Runs a program that may fail. */
    public static Ended run(List<String> command) throws IOException, InterruptedException {
        Path errors = Files.createTempFile("cairn-ceph", ".err");
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectError(errors.toFile())
                            .start();
            byte[] output = process.getInputStream().readAllBytes();
            return new Ended(process.waitFor(), output, Files.readString(errors));
        } finally {
            Files.delete(errors);
        }
    }

    /** Stops it, and removes all that it kept. */
    @Override
    public void close() throws IOException {
        try {
            String _ = said(List.of(program(), "stop", folder.toString()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the cluster was to stop", e);
        }
        Files.deleteIfExists(Objects.requireNonNull(folder.getParent()));
    }
}
