package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Volumes and snapshots of the qcow2 driver, each by its card. A volume in use is open in a storage
 * daemon: then only its device is written to.
 */
final class ChainedImages implements Images {
    /** For a merge of the daemon's that was killed, and has the layers locked until it ends. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Override
    public boolean exists(Path card) {
        return Files.exists(card);
    }

    @Override
    public boolean isWritable(Path card) throws IOException {
        return exists(card) && (!isServed(card) || device(card).isPresent());
    }

    @Override
    public Optional<Path> device(Path card) throws IOException {
        Path shown = Chains.shown(card);
        return isServed(card)
                ? Optional.ofNullable(Devices.below(shown).get(shown))
                : Optional.empty();
    }

    @Override
    public long sizeBytes(Path card) throws IOException {
        return Chains.sizeBytes(Chains.layer(card));
    }

    @Override
    public List<byte[]> views(Path card) throws IOException {
        List<byte[]> views = new ArrayList<>(List.of(layers(card)));
        Optional<Path> device = device(card);
        if (device.isPresent()) {
            views.add(past(device.get()));
        }
        return views;
    }

    /** Through all layers. Nobody may write to one of a volume that is not in use. */
    private static byte[] layers(Path card) throws IOException {
        Path copy = Files.createTempFile("cairn-crash-", ".raw");
        try {
            List<String> command = new ArrayList<>(List.of("qemu-img", "convert", "-f", "qcow2"));
            if (isServed(card)) {
                command.add("-U");
            }
            command.addAll(List.of("-O", "raw", Chains.layer(card).toString(), copy.toString()));
            check(command, said(command));
            return Files.readAllBytes(copy);
        } finally {
            Files.delete(copy);
        }
    }

    /** Not what the kernel remembers of a device, but what it would read now. */
    private static byte[] past(Path device) throws IOException {
        List<String> command = List.of("blockdev", "--flushbufs", device.toString());
        check(command, said(command));
        return Files.readAllBytes(device);
    }

    @Override
    public void write(Path card, byte[] bytes, boolean sync) throws IOException {
        Optional<Path> device = device(card);
        if (device.isPresent()) {
            new PlainImages().write(device.get(), bytes, sync);
            return;
        }
        Path layer = Chains.layer(card);
        Path copy = Files.write(Files.createTempFile("cairn-crash-", ".raw"), bytes);
        try {
            List<String> command = new ArrayList<>(List.of("qemu-img", "convert", "-n"));
            command.addAll(List.of("-f", "raw", "-O", "qcow2", copy.toString(), layer.toString()));
            long begun = System.nanoTime();
            String problem = said(command);
            while (problem.contains("lock") && System.nanoTime() - begun < PATIENCE.toNanos()) {
                problem = said(command);
            }
            check(command, problem);
        } finally {
            Files.delete(copy);
        }
        try (FileChannel written = FileChannel.open(layer, StandardOpenOption.WRITE)) {
            if (sync) {
                written.force(true);
            }
        }
    }

    private static boolean isServed(Path card) throws IOException {
        return Chains.isVolume(card)
                && Helpers.serving(Chains.backend(card)).containsKey(Chains.volume(card));
    }

    private static void check(List<String> command, String problem) throws IOException {
        if (!problem.isEmpty()) {
            throw new IOException("%s: %s".formatted(String.join(" ", command), problem));
        }
    }

    /** What a program has to say if it fails. */
    private static String said(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        int status = process.onExit().join().exitValue();
        return status == 0 ? "" : "it ended with %d: %s".formatted(status, said);
    }
}
