package io.cairn.plugin.rbd;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.cairn.tck.CephNode;
import io.cairn.tck.LeftBehind;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A Ceph cluster of one node, for one class of tests. Each test has a namespace of its pool. Where
 * a namespace is, is told by a path: the cluster's folder, and in it the name.
 */
final class OneNode implements AutoCloseable {
    static final String POOL = CephNode.POOL;

    private static final long PATIENCE_MINUTES = 3;
    private static final AtomicInteger NAMESPACES = new AtomicInteger();

    private final CephNode node;

    private OneNode(CephNode node) {
        this.node = node;
    }

    /**
     * @throws org.opentest4j.TestAbortedException if Ceph is not installed
     */
    static OneNode start(String... options) throws Exception {
        return new OneNode(CephNode.start(options));
    }

    /** A namespace that nobody has used. */
    Path namespace() throws Exception {
        String name = "n" + NAMESPACES.incrementAndGet();
        String _ = rbd(node.folder(), "namespace", "create", POOL + "/" + name);
        return node.folder().resolve(name);
    }

    static Path conf(Path namespace) {
        return Objects.requireNonNull(namespace.getParent()).resolve("ceph.conf");
    }

    static String name(Path namespace) {
        return namespace.toFile().getName();
    }

    static Cluster.Address address(Path namespace) {
        return new Cluster.Address(
                conf(namespace),
                "cairn",
                POOL,
                Optional.of(name(namespace)),
                java.time.Duration.ofSeconds(30));
    }

    /** Runs rbd as the cluster's administrator. */
    static String rbd(Path folder, String... words) throws Exception {
        return asAdmin("rbd", folder, words);
    }

    static String asAdmin(String program, Path folder, String... words) throws Exception {
        return CephNode.asAdmin(program, folder, words);
    }

    /** Ends what serves images of a namespace, as a test that failed leaves it. */
    static void endServing(Path namespace) throws Exception {
        LeftBehind.endProcesses(namespace);
        for (String mount : mounts(namespace)) {
            String _ = said(List.of("umount", "--lazy", mount));
        }
    }

    /** What is mounted of what serves images of a namespace. */
    static List<String> mounts(Path namespace) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                .map(line -> line.split(" ", -1)[1])
                .filter(point -> point.startsWith(namespace + "/"))
                .toList();
    }

    /** Sends a signal to one of the cluster's daemons, such as {@code osd.0} or {@code mon.a}. */
    void signal(String name, String daemon) throws Exception {
        String pid = Files.readString(pidFile(daemon)).strip();
        String _ = said(List.of("kill", "-" + name, pid));
    }

    /** Kills one, and waits until it is gone; what starts it again. */
    List<String> kill(String daemon) throws Exception {
        Path process = Path.of("/proc", Files.readString(pidFile(daemon)).strip());
        List<String> command =
                List.of(Files.readString(process.resolve("cmdline"), ISO_8859_1).split("\0", -1));
        signal("KILL", daemon);
        while (Files.exists(process.resolve("exe"))) {
            Thread.sleep(10);
        }
        return command.subList(0, command.size() - 1);
    }

    /** Starts one again, by what {@link #kill} returned. */
    void start(String daemon, List<String> command) throws Exception {
        List<String> apart = new ArrayList<>(List.of("setsid"));
        apart.addAll(command);
        Process started =
                new ProcessBuilder(apart)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(Path.of("/dev/null").toFile())
                        .redirectError(Path.of("/dev/null").toFile())
                        .start();
        Files.writeString(pidFile(daemon), Long.toString(started.pid()));
    }

    private Path pidFile(String daemon) {
        return node.folder().resolve("pid").resolve(daemon);
    }

    /** Has what the OSD counts known to whoever asks. */
    void settleStats() throws Exception {
        long last =
                Long.parseLong(asAdmin("ceph", node.folder(), "tell", "osd.0", "flush_pg_stats"));
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(PATIENCE_MINUTES);
        while (Long.parseLong(asAdmin("ceph", node.folder(), "osd", "last-stat-seq", "osd.0"))
                < last) {
            if (System.nanoTime() - until > 0) {
                throw new IOException("the manager does not take up what the OSD counts");
            }
            Thread.sleep(200);
        }
    }

    static String said(List<String> command) throws IOException, InterruptedException {
        return CephNode.said(command);
    }

    Path folder() {
        return node.folder();
    }

    @Override
    public void close() throws IOException {
        ImageChannel.forget(node.folder());
        node.close();
    }
}
