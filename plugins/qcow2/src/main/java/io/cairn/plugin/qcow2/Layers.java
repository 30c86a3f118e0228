package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The files of {@code layers}. Of their content only the head is read here, as
 * docs/interop/qcow2.txt of QEMU describes it; all else is qemu's.
 */
final class Layers implements AutoCloseable {
    static final String LAYERS = "layers";

    /** The end of a second name on its way to its place. */
    private static final String LINK = ".link";

    /** Sizes are whole sectors: qemu would round others up. */
    static final int SECTOR = 512;

    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int MAGIC = 0x514649fb;
    private static final int BACKING_OFFSET = 8;
    private static final int BACKING_BYTES = 16;
    private static final int SIZE = 24;
    private static final int HEAD_BYTES = 72;
    private static final int MOST_NAME_BYTES = 1023;

    /** No chain that qemu opens is as long; one that is leads back to itself. */
    private static final int MOST = 100_000;

    private static final int TRIES = 100;

    private final Path path;
    private final Fd folder;
    private final QemuImg tool;
    private final ReentrantLock ending = new ReentrantLock();

    /** The head of a file. */
    record Head(long sizeBytes, Optional<LayerId> below) {}

    Layers(Path path, Fd folder, QemuImg tool) {
        this.path = path;
        this.folder = folder;
        this.tool = tool;
    }

    Path path(LayerId id) {
        return path.resolve(id.file());
    }

    /**
     * Makes an empty one, durable.
     *
     * @param meanwhile is done while it is made
     */
    void create(
            Native os,
            LayerId id,
            Optional<LayerId> below,
            long sizeBytes,
            QemuImg.Meanwhile meanwhile)
            throws OsException, InterruptedException, IOException {
        tool.create(path(id), below, sizeBytes, meanwhile);
        try (Fd file = os.open(folder, id.file(), Native.O_RDONLY)) {
            os.setMode(file, 0600);
            os.sync(file);
        }
        os.sync(folder);
    }

    void resize(LayerId id, long sizeBytes) throws OsException, InterruptedException, IOException {
        tool.resize(path(id), sizeBytes);
    }

    /** Removes second names that never came to their places; for when nobody is at work yet. */
    void clear(Native os) throws OsException, IOException {
        for (String name : Entries.names(path)) {
            if (name.endsWith(LINK)) {
                os.remove(folder, name, 0);
            }
        }
    }

    /** Makes durable what was written to one. */
    void syncOne(Native os, LayerId id) throws OsException {
        try (Fd file = openIfThere(os, id)) {
            if (file != null) {
                os.sync(file);
            }
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** Removes one that nothing needs; false if it was not there. */
    boolean remove(Native os, LayerId id) throws OsException {
        return os.remove(folder, id.file(), 0);
    }

    /**
     * Puts one in another one's place, whatever has that one open. It may be repeated.
     *
     * @param keep whether it keeps its own name too, for those who know it by that
     */
    void replace(Native os, LayerId id, LayerId by, boolean keep) throws OsException {
        try (Fd file = openIfThere(os, by)) {
            if (file == null || isSame(os, id, by)) {
                return;
            }
            os.sync(file);
            if (keep) {
                String link = id.file() + LINK;
                os.remove(folder, link, 0);
                os.link(file, folder, link);
                os.rename(folder, link, id.file());
            } else {
                os.rename(folder, by.file(), id.file());
            }
            os.sync(folder);
        }
    }

    /** Held while what storage daemons have merged takes effect, which two threads may see to. */
    ReentrantLock ending() {
        return ending;
    }

    /** Whether two names lead to one file. */
    boolean isSame(Native os, LayerId one, LayerId other) throws OsException {
        try (Fd first = openIfThere(os, one);
                Fd second = openIfThere(os, other)) {
            return first != null && second != null && os.stat(first).sameFile(os.stat(second));
        }
    }

    void sync(Native os) throws OsException {
        os.sync(folder);
    }

    /** For reading; null if it is not there. */
    @Nullable Fd openIfThere(Native os, LayerId id) throws OsException {
        return os.openIfThere(folder, id.file());
    }

    Head head(Native os, LayerId id) throws OsException {
        try (Fd file = openIfThere(os, id)) {
            if (file == null) {
                throw new OsException(
                        NOT_FOUND,
                        "layer %s is missing; bring it back from a backup".formatted(path(id)));
            }
            return head(os, file);
        }
    }

    /** What a layer takes of the file system by itself. */
    long takenBytes(Native os, LayerId id) throws OsException {
        try (Fd file = openIfThere(os, id)) {
            return file == null ? 0 : os.stat(file).takenBytes();
        }
    }

    /** Of a file that may be gone. */
    Optional<Head> headIfThere(Native os, LayerId id) throws OsException {
        try (Fd file = openIfThere(os, id)) {
            return file == null ? Optional.empty() : Optional.of(head(os, file));
        }
    }

    /** As {@link #headIfThere}; empty too for one that was not written whole yet, or never was. */
    Optional<Head> headIfWhole(Native os, LayerId id) throws OsException {
        try (Fd file = openIfThere(os, id)) {
            return file == null || !isWhole(os, file)
                    ? Optional.empty()
                    : Optional.of(head(os, file));
        }
    }

    private static boolean isWhole(Native os, Fd file) throws OsException {
        MemorySegment head = os.buffer(HEAD_BYTES);
        return os.read(file, head, HEAD_BYTES, 0) == HEAD_BYTES && head.get(INT, 0) == MAGIC;
    }

    private static Head head(Native os, Fd file) throws OsException {
        MemorySegment head = os.buffer(HEAD_BYTES);
        long length = os.read(file, head, HEAD_BYTES, 0);
        if (length < HEAD_BYTES || head.get(INT, 0) != MAGIC) {
            throw new OsException(FAULT, "%s is no qcow2 file".formatted(file.path()));
        }
        int nameBytes = head.get(INT, BACKING_BYTES);
        if (nameBytes == 0) {
            return new Head(head.get(LONG, SIZE), Optional.empty());
        }
        if (nameBytes < 0 || nameBytes > MOST_NAME_BYTES) {
            throw new OsException(FAULT, "the head of %s is damaged".formatted(file.path()));
        }
        MemorySegment name = os.buffer(nameBytes);
        long read = os.read(file, name, nameBytes, head.get(LONG, BACKING_OFFSET));
        String text = new String(name.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE), UTF_8);
        Optional<LayerId> below = LayerId.ofFile(text);
        if (below.isEmpty()) {
            throw new OsException(
                    FAULT, "%s lies over '%s', which is no layer".formatted(file.path(), text));
        }
        return new Head(head.get(LONG, SIZE), below);
    }

    /** What it lies over, from itself down to the lowest. */
    List<LayerId> chain(Native os, LayerId top) throws OsException {
        for (int left = TRIES; ; left--) {
            try {
                return chainOnce(os, top);
            } catch (OsException e) {
                // Meanwhile one took the place of the one above it.
                if (left == 1 || e.told().kind() != NOT_FOUND) {
                    throw e;
                }
            }
        }
    }

    private List<LayerId> chainOnce(Native os, LayerId top) throws OsException {
        List<LayerId> chain = new ArrayList<>();
        Optional<LayerId> at = Optional.of(top);
        while (at.isPresent()) {
            chain.add(at.get());
            if (chain.size() > MOST) {
                throw new OsException(FAULT, "%s lies over itself".formatted(path(top)));
            }
            at = head(os, at.get()).below();
        }
        return chain;
    }

    /** All that there are. */
    List<LayerId> all() throws IOException {
        return Entries.names(path).stream().map(LayerId::ofFile).flatMap(Optional::stream).toList();
    }

    @Override
    public void close() {
        folder.close();
    }
}
