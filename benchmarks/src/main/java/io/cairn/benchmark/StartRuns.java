package io.cairn.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXServiceURL;

/**
 * Starts of the real distribution, from the launch of its script until clients can connect, and the
 * memory that it takes then. The floor is a start that does nothing but print the version.
 */
final class StartRuns {
    static final String NAME = "start";
    private static final int EXISTING = 100_000;
    private static final int ROWS = 1_000;
    private static final double MEBIBYTE = 1 << 20;

    private final List<Double> cached = new ArrayList<>();
    private final List<Double> plain = new ArrayList<>();
    private final List<Double> cachedProcessor = new ArrayList<>();
    private final List<Double> plainProcessor = new ArrayList<>();
    private final List<Double> floorCached = new ArrayList<>();
    private final List<Double> floorPlain = new ArrayList<>();
    private final List<Double> memory = new ArrayList<>();
    private final List<Double> memoryAfterList = new ArrayList<>();
    private final Path folder;

    /**
     * @param work the distribution is copied to it, so that caches can be made and done without
     */
    StartRuns(Path work) {
        folder = work.resolve(NAME);
    }

    void run(Path distribution, int rounds) throws Exception {
        require(new ProcessBuilder("rm", "-rf", folder.toString()).start());
        Path withCache = folder.resolve("with-cache");
        Path without = folder.resolve("without");
        Files.createDirectories(folder);
        for (Path copy : List.of(withCache, without)) {
            require(
                    new ProcessBuilder("cp", "-r", distribution.toString(), copy.toString())
                            .start());
            require(new ProcessBuilder("rm", "-rf", copy.resolve("cache").toString()).start());
        }
        require(cairnd(withCache, "warm"));
        Path data = Files.createDirectories(folder.resolve("data"));
        require(new ProcessBuilder("chmod", "-R", "go-rwx", folder.toString()).start());
        Seed.state(data, House.BACKEND, EXISTING);
        configure();
        for (int round = 0; round < rounds; round++) {
            floorCached.add(version(withCache));
            cached.add(start(withCache, data, cachedProcessor, true));
            floorPlain.add(version(without));
            plain.add(start(without, data, plainProcessor, false));
        }
        require(new ProcessBuilder("rm", "-rf", folder.toString()).start());
    }

    private void configure() throws IOException {
        Path backends = Files.createDirectories(folder.resolve("etc/backends"));
        Path images = Files.createDirectories(folder.resolve("images"));
        Files.writeString(folder.resolve("etc/cairn.properties"), "jmx.port=0\n");
        Files.writeString(
                backends.resolve(House.BACKEND + ".properties"),
                "driver=file\ndirectory=%s\n".formatted(images));
    }

    private double version(Path home) throws Exception {
        long begin = System.nanoTime();
        require(cairnd(home, "version"));
        return (System.nanoTime() - begin) / 1e3;
    }

    private double start(Path home, Path data, List<Double> processor, boolean measureMemory)
            throws Exception {
        Path address = data.resolve("jmx-address");
        Files.deleteIfExists(address);
        long begin = System.nanoTime();
        Process daemon =
                cairnd(
                        home,
                        "run",
                        "--etc",
                        folder.resolve("etc").toString(),
                        "--data",
                        data.toString());
        try {
            while (!Files.exists(address) || Files.size(address) == 0) {
                if (daemon.waitFor(2, TimeUnit.MILLISECONDS)) {
                    throw new IOException(
                            "the daemon ended with status %d; see %s"
                                    .formatted(daemon.exitValue(), folder.resolve("out")));
                }
            }
            double micros = (System.nanoTime() - begin) / 1e3;
            processor.add(daemon.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e3);
            if (measureMemory) {
                memory.add(residentBytes(daemon));
                listAll(Files.readString(address).strip(), data);
                memoryAfterList.add(residentBytes(daemon));
            }
            return micros;
        } finally {
            daemon.destroy();
            if (!daemon.waitFor(1, TimeUnit.MINUTES)) {
                daemon.destroyForcibly();
            }
        }
    }

    private static void listAll(String address, Path data) throws Exception {
        String password = Files.readString(data.resolve("first-admin-password")).strip();
        House.Door door = new House.Door(new JMXServiceURL(address), password);
        try (JMXConnector connector = door.connect()) {
            MBeanServerConnection connection = connector.getMBeanServerConnection();
            ObjectName daemon = new ObjectName("cairn:type=Daemon");
            String continuation = "";
            do {
                CompositeData page =
                        (CompositeData)
                                connection.invoke(
                                        daemon,
                                        "listSnapshots",
                                        new Object[] {"", ROWS, continuation},
                                        new String[] {
                                            String.class.getName(), "int", String.class.getName()
                                        });
                continuation = String.valueOf(page.get("continuation"));
            } while (!continuation.isEmpty());
        }
    }

    private static double residentBytes(Process process) throws IOException {
        for (String line :
                Files.readAllLines(Path.of("/proc/%d/status".formatted(process.pid())))) {
            if (line.startsWith("VmRSS:")) {
                return 1024 * Double.parseDouble(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IOException("the kernel does not say how much memory the daemon takes");
    }

    private Process cairnd(Path home, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(home.resolve("bin/cairnd").toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("out").toFile());
        builder.environment().putAll(Map.of("CAIRN_WARM", "no"));
        return builder.start();
    }

    private void require(Process process) throws IOException, InterruptedException {
        if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(
                    "%s failed; see %s"
                            .formatted(
                                    process.info().commandLine().orElse("a command"),
                                    folder.resolve("out")));
        }
    }

    List<Figure> figures() {
        if (cached.isEmpty()) {
            return List.of();
        }
        return List.of(
                start("with the AOT cache", cached, floorCached, cachedProcessor),
                start("without a cache", plain, floorPlain, plainProcessor),
                memory("after start", memory),
                memory("after listing all", memoryAfterList));
    }

    private static Figure start(
            String where, List<Double> micros, List<Double> floor, List<Double> processor) {
        Series measured = new Series(micros);
        Series least = new Series(floor);
        return new Figure(
                "start to ready",
                where,
                EXISTING,
                0,
                "%,.0f ms".formatted(measured.median() / 1e3),
                "%,.0f ms".formatted(least.median() / 1e3),
                Optional.of(measured.over(least)),
                "%,.0f ms of processor time; floor: cairnd version"
                        .formatted(new Series(processor).median() / 1e3));
    }

    private static Figure memory(String where, List<Double> bytes) {
        return new Figure(
                "resident memory",
                where,
                EXISTING,
                0,
                "%,.0f MiB".formatted(new Series(bytes).median() / MEBIBYTE),
                "",
                Optional.empty(),
                "");
    }

    List<String> bars() {
        if (cached.isEmpty()) {
            return List.of();
        }
        return List.of(
                Bars.most(
                        "seconds from start to ready with %,d snapshots, with the cache"
                                .formatted(EXISTING),
                        new Series(cached).median() / 1e6,
                        2),
                Bars.most(
                        "seconds from start to ready with %,d snapshots, without it"
                                .formatted(EXISTING),
                        new Series(plain).median() / 1e6,
                        2),
                Bars.most(
                        "megabytes resident after a listing of %,d snapshots".formatted(EXISTING),
                        new Series(memoryAfterList).median() / 1e6,
                        300));
    }
}
