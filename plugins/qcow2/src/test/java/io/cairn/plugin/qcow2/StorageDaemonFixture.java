package io.cairn.plugin.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A backend's folder with layers. Content is numbered writes of whole blocks: write {@code n} goes
 * to block {@code n % BLOCKS} and is full of its number, so whatever was caught at one instant is
 * told from what was not. Whatever was started is killed at the end.
 */
final class StorageDaemonFixture implements AutoCloseable {
    static final int BLOCK_BYTES = 64 * 1024;
    static final int BLOCKS = 512;
    static final long SIZE_BYTES = (long) BLOCKS * BLOCK_BYTES;

    final Path folder;
    final Target target = Target.of(VolumeId.random());
    final LayeredDaemons daemons;

    private StorageDaemonFixture(Path folder, ServingOptions options) {
        this.folder = folder;
        this.daemons = new LayeredDaemons(folder, folder.resolve("short"), options);
    }

    static StorageDaemonFixture in(Path folder, ServingOptions options) throws IOException {
        StorageDaemonFixture fixture = new StorageDaemonFixture(folder, options);
        assumeTrue(fixture.daemons.available(), "qemu-storage-daemon is not installed");
        Files.createDirectories(folder.resolve(Layers.LAYERS));
        return fixture;
    }

    static StorageDaemonFixture in(Path folder) throws IOException {
        return in(folder, new ServingOptions(false, Optional.empty()));
    }

    /** Layers over each other, the lowest first, with some of the writes from 0 on in each. */
    List<Path> chain(int layers, int writesEach) throws IOException {
        List<Path> chain = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            chain.add(layer(i == 0 ? Optional.empty() : Optional.of(chain.getLast())));
            write(chain.getLast(), (long) i * writesEach, writesEach);
        }
        return chain;
    }

    Path layer(Optional<Path> below) throws IOException {
        return layer(below, SIZE_BYTES);
    }

    Path layer(Optional<Path> below, long sizeBytes) throws IOException {
        Path file = folder.resolve(Layers.LAYERS).resolve(LayerId.random().file());
        List<String> command = new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", "qcow2"));
        below.ifPresent(
                path ->
                        command.addAll(
                                List.of("-u", "-F", "qcow2", "-b", path.toFile().getName())));
        command.addAll(List.of(file.toString(), Long.toString(sizeBytes)));
        String _ = run(command.toArray(String[]::new));
        return file;
    }

    private static void write(Path layer, long first, int writes) throws IOException {
        Path numbers = Files.createTempDirectory("cairn-numbers-");
        List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
        try {
            for (long n = first; n < first + writes; n++) {
                Path file = Files.write(numbers.resolve(Long.toString(n)), block(n));
                command.add("-c");
                command.add(
                        "write -s %s %d %d".formatted(file, n % BLOCKS * BLOCK_BYTES, BLOCK_BYTES));
            }
            command.add(layer.toString());
            String _ = run(command.toArray(String[]::new));
        } finally {
            for (long n = first; n < first + writes; n++) {
                Files.deleteIfExists(numbers.resolve(Long.toString(n)));
            }
            Files.delete(numbers);
        }
    }

    static byte[] block(long number) {
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        while (block.hasRemaining()) {
            block.putLong(number + 1);
        }
        return block.array();
    }

    /**
     * How many writes a layer shows with all below it; fails unless it is just those, and whole.
     */
    long writes(Path layer) throws IOException {
        Path raw = Files.createTempFile("cairn-raw-", ".raw");
        try {
            String _ =
                    run(
                            "qemu-img",
                            "convert",
                            "-U",
                            "-f",
                            "qcow2",
                            "-O",
                            "raw",
                            layer.toString(),
                            raw.toString());
            return writesOf(raw);
        } finally {
            Files.delete(raw);
        }
    }

    static long writesOf(Path raw) throws IOException {
        long[] found = new long[BLOCKS];
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        try (FileChannel file = FileChannel.open(raw, StandardOpenOption.READ)) {
            for (int i = 0; i < BLOCKS; i++) {
                block.clear();
                long start = (long) i * BLOCK_BYTES;
                while (block.hasRemaining()) {
                    assertThat(file.read(block, start + block.position())).isPositive();
                }
                block.flip();
                found[i] = block.getLong(0);
                while (block.hasRemaining()) {
                    assertThat(block.getLong()).as("a torn block %s", i).isEqualTo(found[i]);
                }
            }
        }
        long count = 0;
        for (long each : found) {
            count = Math.max(count, each);
        }
        for (int i = 0; i < BLOCKS; i++) {
            // The last of the writes to it.
            long expected = count > i ? (count - 1 - i) / BLOCKS * BLOCKS + i + 1 : 0;
            assertThat(found[i]).as("block %s of %s writes", i, count).isEqualTo(expected);
        }
        return count;
    }

    /** What the header names below; empty if nothing. */
    static Optional<String> below(Path layer) throws IOException {
        String info = run("qemu-img", "info", "-U", "--output=json", layer.toString());
        return info.lines()
                .filter(line -> line.contains("\"backing-filename\""))
                .map(line -> line.replaceAll(".*: \"(.*)\",?", "$1"))
                .findFirst();
    }

    static Job await(LayeredDaemon daemon, String job) throws Exception {
        while (true) {
            for (Job each : daemon.jobs()) {
                if (each.id().equals(job) && each.concluded()) {
                    daemon.dismiss(job);
                    return each;
                }
            }
            Thread.sleep(10);
        }
    }

    static String run(String... command) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            assumeTrue(false, "cannot run " + command[0] + "; it is not installed: " + e);
            throw e;
        }
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        int status = process.onExit().join().exitValue();
        assertThat(status).as("%s: %s", String.join(" ", command), said).isZero();
        return said;
    }

    /** As the kernel does it when memory is short. */
    static void kill(LayeredDaemon daemon) throws InterruptedException {
        assertThat(ProcessHandle.of(daemon.pid()).orElseThrow().destroyForcibly()).isTrue();
        Path process = Path.of("/proc", Long.toString(daemon.pid()), "cmdline");
        while (Files.exists(process)) {
            try {
                if (Files.readString(process).isEmpty()) {
                    break;
                }
            } catch (IOException _) {
                break;
            }
            Thread.sleep(5);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            for (Target each : daemons.running()) {
                LayeredDaemon daemon = daemons.of(each).orElseThrow();
                kill(daemon);
                assertThat(daemons.of(each)).isEmpty();
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
