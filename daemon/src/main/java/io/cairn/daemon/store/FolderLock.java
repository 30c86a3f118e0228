package io.cairn.daemon.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps other daemons out of a folder. The kernel lets go of the lock when the process ends in
 * whatever way; HSQLDB's own lock file makes the next start wait eleven seconds after a kill.
 */
final class FolderLock implements AutoCloseable {
    /**
     * The folders that this process holds. Asked first, since POSIX drops a process' lock as soon
     * as it closes any descriptor of the file, so a second try must not even open it.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    static FolderLock take(Path folder) throws IOException, StoreException {
        Path real = folder.toRealPath();
        if (!HELD.add(real)) {
            throw locked(real, "this process, %d".formatted(ProcessHandle.current().pid()));
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(real.resolve("lock"), CREATE, READ, WRITE);
            if (channel.tryLock() == null) {
                throw locked(real, "process " + holder(real));
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(US_ASCII)), 0);
            return new FolderLock(real, channel);
        } catch (IOException | StoreException | RuntimeException e) {
            HELD.remove(real);
            if (channel != null) {
                try {
                    channel.close();
                } catch (IOException second) {
                    e.addSuppressed(second);
                }
            }
            throw e;
        }
    }

    private static StoreException locked(Path folder, String holder) {
        return new StoreException(
                StoreException.Kind.LOCKED,
                "the state in %s is in use by %s: stop that daemon first, or give this one a data folder of its own"
                        .formatted(folder, holder));
    }

    private static String holder(Path folder) throws IOException {
        String pid = Files.readString(folder.resolve("lock"), US_ASCII).strip();
        return pid.isEmpty() ? "(unknown)" : pid;
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            HELD.remove(folder);
        }
    }
}
