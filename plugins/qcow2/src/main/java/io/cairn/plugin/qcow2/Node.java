package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.qemu.StorageDaemon;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What QEMU calls an open layer. Names of nodes have at most 31 characters and begin with a letter,
 * so it is a letter and the 128 bits of the layer's UUID to the base of 36; either is known by the
 * other. The node of its file has a letter more.
 */
record Node(String name) {
    /** The group of {@link StorageDaemon#DISK}, which has no limits. */
    static final String UNLIMITED = "unlimited";

    private static final int BASE = 36;
    private static final int UUID_BITS = 128;
    private static final String LAYER = "l";
    private static final String DRIVER = "driver";
    private static final String NAME = "node-name";
    private static final String READ_ONLY = "read-only";
    private static final String DISCARD = "discard";
    private static final String UNMAP = "unmap";
    private static final String FILE = "file";
    private static final String BACKING = "backing";
    private static final String QCOW2 = "qcow2";

    static Node of(LayerId layer) {
        UUID id = layer.value();
        BigInteger bits =
                unsigned(id.getMostSignificantBits())
                        .shiftLeft(Long.SIZE)
                        .or(unsigned(id.getLeastSignificantBits()));
        return new Node(LAYER + bits.toString(BASE));
    }

    /**
     * The one of a layer's file.
     *
     * @throws IllegalArgumentException if no layer has such a file
     */
    static Node of(Path file) {
        return LayerId.ofFile(file.toFile().getName())
                .map(Node::of)
                .orElseThrow(() -> new IllegalArgumentException(file + " is no layer"));
    }

    /** The layer of this name; empty if it is another kind of node. */
    Optional<LayerId> layer() {
        if (!name.matches(LAYER + "[0-9a-z]{1,25}")) {
            return Optional.empty();
        }
        BigInteger bits = new BigInteger(name.substring(LAYER.length()), BASE);
        return bits.bitLength() > UUID_BITS
                ? Optional.empty()
                : Optional.of(
                        new LayerId(
                                new UUID(
                                        bits.shiftRight(Long.SIZE).longValue(), bits.longValue())));
    }

    /**
     * How to open it.
     *
     * @param backing what lies below; null for nothing, or what is to be put there later
     */
    Map<String, Object> options(Path file, @Nullable Node backing, boolean readOnly) {
        Map<String, Object> options = new LinkedHashMap<>();
        options.put(DRIVER, QCOW2);
        options.put(NAME, name);
        options.put(READ_ONLY, readOnly);
        options.put(DISCARD, UNMAP);
        options.put(BACKING, backing == null ? null : backing.name());
        // Says nothing of read-only, or a lower layer could never be written by a job.
        options.put(
                FILE,
                Map.of(
                        DRIVER,
                        FILE,
                        NAME,
                        fileName(),
                        "filename",
                        file.toString(),
                        "locking",
                        "on",
                        DISCARD,
                        UNMAP));
        return options;
    }

    /**
     * How to open again for writing what is open for writing, which has QEMU make all durable that
     * was written to it. It stays where it is.
     */
    Map<String, Object> reopening(@Nullable Node backing) {
        Map<String, Object> options = new LinkedHashMap<>();
        options.put(DRIVER, QCOW2);
        options.put(NAME, name);
        options.put(READ_ONLY, false);
        options.put(DISCARD, UNMAP);
        options.put(BACKING, backing == null ? null : backing.name());
        options.put(FILE, fileName());
        return options;
    }

    /** What the node of the layer's file is called. */
    private String fileName() {
        return "f" + name;
    }

    /**
     * How to open what the exports show. It lies over the top layer, passes all through, and goes
     * over to the new one with each cut: so it is what tells which layer is the top. It is of a
     * kind that QEMU looks through when it searches for layers, which {@code raw} is not.
     */
    static Map<String, Object> disk(Node top, boolean readOnly) {
        return Map.of(
                DRIVER,
                "throttle",
                "throttle-group",
                UNLIMITED,
                NAME,
                StorageDaemon.DISK,
                READ_ONLY,
                readOnly,
                DISCARD,
                UNMAP,
                FILE,
                top.name());
    }

    private static BigInteger unsigned(long bits) {
        return new BigInteger(Long.toUnsignedString(bits));
    }
}
