package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.FAULT;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Mark;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a small file says of a volume or a snapshot: not in an attribute, since NFS may have none.
 *
 * @param layer what holds its content
 */
record Card(LayerId layer, Label label) {
    private static final String LAYER = "layer ";
    private static final int MOST_BYTES = Label.MAX_BYTES + 128;

    Card marked(String id, Mark mark) {
        return new Card(layer, label.marked(id, mark));
    }

    Card on(LayerId other) {
        return new Card(other, label);
    }

    /** Writes a card and makes its content durable, but not its name. */
    void write(Native os, Fd folder, String name) throws OsException {
        begin(os, folder, name);
        sync(os, folder, name);
    }

    /** Makes durable what {@link #begin} wrote. */
    static void sync(Native os, Fd folder, String name) throws OsException {
        try (Fd file = os.open(folder, name, Native.O_RDWR)) {
            os.sync(file);
        }
    }

    /** Writes a card, of which nothing is durable yet. */
    void begin(Native os, Fd folder, String name) throws OsException {
        byte[] head = "%s%s\n".formatted(LAYER, layer).getBytes(UTF_8);
        byte[] rest = label.toBytes();
        MemorySegment bytes = os.buffer(head.length + rest.length);
        MemorySegment.copy(MemorySegment.ofArray(head), 0, bytes, 0, head.length);
        MemorySegment.copy(MemorySegment.ofArray(rest), 0, bytes, head.length, rest.length);
        try (Fd file = os.open(folder, name, Native.O_RDWR | Native.O_CREAT, 0600)) {
            os.resize(file, 0);
            for (long at = 0; at < bytes.byteSize(); ) {
                at += os.write(file, bytes.asSlice(at), bytes.byteSize() - at, at);
            }
        }
    }

    /**
     * Reads a card that was written whole.
     *
     * @return null if there is none
     */
    static @Nullable Card read(Native os, Fd folder, String name) throws OsException {
        try (Fd file = os.openIfThere(folder, name)) {
            if (file == null) {
                return null;
            }
            Card card = parse(os, file);
            if (card == null) {
                throw new OsException(
                        FAULT,
                        "%s does not say which layer it stands for; bring it back from a backup"
                                .formatted(file.path()));
            }
            return card;
        }
    }

    /** Reads one that may be half written; null if it is, or there is none. */
    static @Nullable Card readHalf(Native os, Fd folder, String name) throws OsException {
        try (Fd file = os.openIfThere(folder, name)) {
            return file == null ? null : parse(os, file);
        }
    }

    private static @Nullable Card parse(Native os, Fd file) throws OsException {
        MemorySegment buffer = os.buffer(MOST_BYTES);
        int length = (int) os.read(file, buffer, MOST_BYTES, 0);
        byte[] bytes = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        String text = new String(bytes, UTF_8);
        int end = text.indexOf('\n');
        return end < 0 || !text.startsWith(LAYER)
                ? null
                : LayerId.parse(text.substring(LAYER.length(), end))
                        .map(
                                layer ->
                                        new Card(
                                                layer,
                                                Label.parse(
                                                        text.substring(end + 1).getBytes(UTF_8))))
                        .orElse(null);
    }
}
