package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Leases;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Stat;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The files of {@code layers}. Of their content only the head is read here, as
 * docs/interop/qcow2.txt of QEMU describes it, and {@link EmptyLayer} writes such as have none; all
 * else is qemu's.
 */
final class Layers implements AutoCloseable {
    static final String LAYERS = "layers";

    /** The end of a second name on its way to its place. */
    private static final String LINK = ".link";

    /** Sizes are whole sectors: qemu would round others up. */
    static final int SECTOR = 512;

    /** No chain that qemu opens is as long; one that is leads back to itself. */
    private static final int MOST = 100_000;

    private static final int TRIES = 100;

    private static final int CREATE = Native.O_RDWR | Native.O_CREAT | Native.O_EXCL;

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

    /** What is made durable with a layer. */
    interface Syncing {
        void run() throws OsException;
    }

    /**
     * Makes an empty one, durable.
     *
     * @param with is done once the layer is written and before it is durable, so that a journal of
     *     the file system takes all of it at once
     */
    void create(Native os, LayerId id, Optional<LayerId> below, long sizeBytes, Syncing with)
            throws OsException {
        try (Fd file = os.open(folder, id.file(), CREATE, 0600)) {
            EmptyLayer.write(os, file, below, sizeBytes);
            with.run();
            os.sync(file);
        }
        os.sync(folder);
    }

    void resize(LayerId id, long sizeBytes) throws OsException, InterruptedException, IOException {
        tool.resize(path(id), sizeBytes);
    }

    /**
     * Removes second names that never came to their places, but for those that {@link Replacing}
     * tells of; for when nobody is at work yet.
     */
    void clear(Native os) throws OsException, IOException {
        Replacing.finish(os, folder, LINK);
        for (String name : Entries.names(path)) {
            if (name.endsWith(LINK)) {
                os.remove(folder, name, 0);
            } else if (name.startsWith(BackendFolder.STILL_OPEN)) {
                removeForgotten(os, name);
            }
        }
    }

    /**
     * On NFS, what nobody has open any more since the machine failed, or a storage daemon ended.
     */
    private void removeForgotten(Native os, String name) throws OsException {
        try {
            os.remove(folder, name, 0);
        } catch (OsException e) {
            if (!e.is(OsException.EBUSY)) {
                throw e;
            }
        }
    }

    /** Whether the file system tells who has a file open for writing, as NFS does not. */
    boolean hasLeases(Native os) throws OsException {
        String name = "leases" + LINK;
        try (Fd file = os.open(folder, name, Native.O_RDONLY | Native.O_CREAT, 0600)) {
            return Leases.takeAtOnce(os, file);
        } finally {
            os.remove(folder, name, 0);
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
            String link = id.file() + LINK;
            os.remove(folder, link, 0);
            try {
                os.link(file, folder, link);
                os.rename(folder, link, id.file());
            } catch (OsException e) {
                // As where there are no hard links.
                if (keep) {
                    throw e;
                }
                os.rename(folder, by.file(), id.file());
            }
            if (!keep) {
                os.remove(folder, by.file(), 0);
            }
            os.sync(folder);
        }
    }

    /**
     * Makes a file of another folder a layer, at once.
     *
     * @param file the one that is meant
     * @throws OsException IN_USE if it was another one, which is a layer now
     */
    void take(Native os, Fd from, String name, LayerId id, Fd file) throws OsException {
        os.rename(from, name, folder, id.file());
        try (Fd taken = openIfThere(os, id)) {
            if (taken == null || !os.stat(taken).sameFile(os.stat(file))) {
                throw new OsException(IN_USE, "it was replaced by another file just now");
            }
        }
    }

    /** As {@link #give(Native, Fd, String, Fd, String)}, of a layer. */
    boolean give(Native os, LayerId id, Fd to, String name) throws OsException {
        return give(os, folder, id.file(), to, name);
    }

    /**
     * Puts a file into another folder, durably. It may be repeated.
     *
     * @return false if it is not there
     * @throws OsException CONFLICT if the name is taken; one whose outcome is known if nothing was
     *     changed
     */
    static boolean give(Native os, Fd from, String fromName, Fd to, String name)
            throws OsException {
        try (Fd file = os.openIfThere(from, fromName)) {
            if (file == null) {
                return false;
            }
            try {
                // Not by a rename, which on NFS would take the place of what is there.
                os.link(file, to, name);
            } catch (OsException e) {
                if (e.is(OsException.EPERM) || e.isLacking()) {
                    return move(os, from, fromName, to, name);
                }
                Stat own = os.stat(file);
                if (!e.is(OsException.EEXIST)
                        || !there(os, to, name).filter(own::sameFile).isPresent()) {
                    throw e.is(OsException.EEXIST) ? taken(to, name) : e;
                }
            }
        }
        try {
            os.sync(to);
            os.remove(from, fromName, 0);
            os.sync(from);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
        return true;
    }

    /** For where there are no hard links. */
    private static boolean move(Native os, Fd from, String fromName, Fd to, String name)
            throws OsException {
        try {
            os.move(from, fromName, to, name);
        } catch (OsException e) {
            throw e.is(OsException.EEXIST) ? taken(to, name) : e;
        }
        try {
            os.sync(to);
            os.sync(from);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
        return true;
    }

    /** What has a name itself, should it be a symbolic link. */
    static Optional<Stat> there(Native os, Fd folder, String name) throws OsException {
        try {
            return Optional.of(os.stat(folder, name));
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    static OsException taken(Fd folder, String name) {
        return new OsException(
                CONFLICT, "%s/%s is there already; move it away".formatted(folder.path(), name));
    }

    /** Copies all that a layer reads as into a file that stands alone, durably. */
    void copy(Native os, LayerId top, Fd to, String name)
            throws OsException, InterruptedException, IOException {
        try {
            tool.convert(path(top), Path.of(to.path(), name));
            try (Fd copy = os.open(to, name, Native.O_RDWR)) {
                os.setMode(copy, 0600);
                os.sync(copy);
            }
            os.sync(to);
        } catch (OsException | InterruptedException | IOException | RuntimeException e) {
            Creation.undo(e, () -> os.remove(to, name, 0));
            throw e;
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
            return Header.read(os, file);
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
            return file == null ? Optional.empty() : Optional.of(Header.read(os, file));
        }
    }

    /** As {@link #headIfThere}; empty too for one that was not written whole yet, or never was. */
    Optional<Head> headIfWhole(Native os, LayerId id) throws OsException {
        try (Fd file = openIfThere(os, id)) {
            return file == null || !Header.isWhole(os, file)
                    ? Optional.empty()
                    : Optional.of(Header.read(os, file));
        }
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
