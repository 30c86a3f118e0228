package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Cards and layers of the qcow2 driver, as its package describes them, and docs/interop/qcow2.txt
 * of QEMU the layers' heads.
 */
final class Chains {
    static final String LAYERS = "layers";
    static final String EXPORTS = "exports";
    static final String VOLUME = "volume";
    static final String CUT = ".snap";
    static final String PID = ".pid";
    static final String SHOWN = ".fuse";

    private static final String LAYER = "layer ";
    private static final int MAGIC = 0x514649fb;
    private static final int BACKING_OFFSET = 8;
    private static final int BACKING_BYTES = 16;
    private static final int SIZE = 24;
    private static final int HEAD_BYTES = 72;
    private static final int MOST = 1_000;

    private Chains() {}

    static boolean isVolume(Path card) {
        return card.endsWith(VOLUME);
    }

    /** The id of a card's volume, whose folder it lies in. */
    static String volume(Path card) {
        return folder(card).toFile().getName();
    }

    static Path backend(Path card) {
        return folder(folder(folder(card)));
    }

    private static Path folder(Path path) {
        return Objects.requireNonNull(path.getParent());
    }

    /** The file that shows a card's volume while it is attached. */
    static Path shown(Path card) {
        return backend(card).resolve(EXPORTS).resolve(volume(card) + SHOWN);
    }

    /** What is in the folder of exports while just these volumes are attached. */
    static Set<String> exports(Collection<String> volumes) {
        Set<String> names = new TreeSet<>();
        for (String id : volumes) {
            Stream.of(PID, SHOWN, ".nbd", ".qmp").forEach(end -> names.add(id + end));
        }
        return names;
    }

    /** The layer that a card names, or an image that was given up, which lies beside the layers. */
    static Path layer(Path card) throws IOException {
        if (Files.isDirectory(card.resolveSibling(LAYERS))) {
            return card;
        }
        String line = Files.readString(card).lines().findFirst().orElse("");
        if (!line.startsWith(LAYER)) {
            throw new IOException("%s names no layer but says '%s'".formatted(card, line));
        }
        return backend(card).resolve(LAYERS).resolve(line.substring(LAYER.length()) + ".qcow2");
    }

    /** A layer and all below it, the topmost first. */
    static List<Path> chain(Path top) throws IOException {
        List<Path> chain = new ArrayList<>();
        Optional<Path> at = Optional.of(top);
        while (at.isPresent()) {
            chain.add(at.get());
            if (chain.size() > MOST) {
                throw new IOException(top + " lies over itself");
            }
            at = below(at.get());
        }
        return chain;
    }

    static long sizeBytes(Path layer) throws IOException {
        try (FileChannel file = FileChannel.open(layer)) {
            return head(layer, file).getLong(SIZE);
        }
    }

    private static Optional<Path> below(Path layer) throws IOException {
        try (FileChannel file = FileChannel.open(layer)) {
            ByteBuffer head = head(layer, file);
            int length = head.getInt(BACKING_BYTES);
            if (length == 0) {
                return Optional.empty();
            }
            ByteBuffer name = read(layer, file, head.getLong(BACKING_OFFSET), length);
            return Optional.of(layer.resolveSibling(UTF_8.decode(name).toString()));
        }
    }

    private static ByteBuffer head(Path layer, FileChannel file) throws IOException {
        ByteBuffer head = read(layer, file, 0, HEAD_BYTES);
        if (head.getInt(0) != MAGIC) {
            throw new IOException(layer + " is no qcow2 file");
        }
        return head;
    }

    private static ByteBuffer read(Path layer, FileChannel file, long at, int length)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, at + bytes.position()) < 0) {
                throw new IOException(layer + " is cut off");
            }
        }
        return bytes.flip();
    }
}
