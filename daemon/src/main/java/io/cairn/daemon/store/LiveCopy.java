package io.cairn.daemon.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;

/**
 * Copies the files of an open database while it is changed, so that the copy is what a crash at one
 * instant would have left.
 *
 * <p>HSQLDB changes its data file in place, at moments of its own, but only after it has put each
 * page, as it was at the last checkpoint, at the end of a file {@code .backup}; a start after a
 * crash takes these pages back and then replays the log, and both only grow between checkpoints. So
 * the data file may be copied while it changes, as long as no checkpoint is made: all pages that
 * were changed meanwhile, torn ones too, are in {@code .backup} by then. Its first page says
 * whether they shall be taken back. HSQLDB clears that sign before it changes the first page of
 * all, so the page is copied last, and before the length of {@code .backup} is taken: the other way
 * round the copy could say that it is clean and hold pages of later, or say that it is not and have
 * no page to take back.
 *
 * <p>{@link #begin} and {@link #capture} run on the committing thread, and take no longer than a
 * checkpoint and a few system calls. The others run on that of the caller.
 */
final class LiveCopy implements AutoCloseable {
    /** What holds the sign; HSQLDB's pages are larger. */
    private static final int HEADER_BYTES = 512;

    /** Before each page: its length, and where in the data file it was. */
    private static final int PAGE_HEADER_BYTES = Integer.BYTES + Long.BYTES;

    private final Path database;

    /** Held open, so that no other file can have the same number. */
    private final FileChannel script;

    private final Identity scriptIdentity;
    private final FileChannel log;
    private final @Nullable FileChannel data;
    private final long dataBytes;

    private byte[] header = {};
    private byte[] properties = {};
    private @Nullable FileChannel pages;
    private long pagesBytes;
    private long logBytes;

    /** Each checkpoint puts another script in place. */
    private record Identity(@Nullable Object key, FileTime modified, long size) {
        static Identity of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Identity(
                    attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
        }
    }

    private LiveCopy(
            Path database,
            FileChannel script,
            Identity scriptIdentity,
            FileChannel log,
            @Nullable FileChannel data,
            long dataBytes) {
        this.database = database;
        this.script = script;
        this.scriptIdentity = scriptIdentity;
        this.log = log;
        this.data = data;
        this.dataBytes = dataBytes;
    }

    /** Makes the checkpoint that the copy is of, and must stay the last until it ends. */
    static LiveCopy begin(Engine engine) throws EngineFault, IOException {
        engine.checkpoint();
        Path database = engine.database();
        FileChannel script = open(file(database, ".script"));
        FileChannel log = null;
        try {
            log = open(file(database, ".log"));
            FileChannel data = openIfThere(file(database, ".data"));
            return new LiveCopy(
                    database,
                    script,
                    Identity.of(file(database, ".script")),
                    log,
                    data,
                    data == null ? 0 : data.size());
        } catch (IOException | RuntimeException e) {
            script.close();
            if (log != null) {
                log.close();
            }
            throw e;
        }
    }

    /** Copies what may change meanwhile. */
    void copyData(Path folder, CopyWatch watch) throws IOException {
        if (data != null) {
            FileCopies.copy(data, dataBytes, named(folder, ".data"), watch);
        }
    }

    /**
     * Fixes the instant that the copy is of: after all that was committed until now.
     *
     * @return whether there was no checkpoint since the first; else the copy is worth nothing
     */
    boolean capture(Engine engine) throws IOException {
        if (!unspoiled() || engine.goodBytes() < 0) {
            return false;
        }
        if (data != null) {
            ByteBuffer first = ByteBuffer.allocate((int) Math.min(HEADER_BYTES, dataBytes));
            while (first.hasRemaining() && data.read(first, first.position()) > 0) {
                // Until all of it is read.
            }
            header = first.array();
        }
        pages = openIfThere(file(database, ".backup"));
        pagesBytes = pages == null ? 0 : wholePages(pages);
        logBytes = engine.goodBytes();
        properties = Files.readAllBytes(file(database, ".properties"));
        return true;
    }

    /**
     * A reader may have pages written at this very moment; what is not whole yet stands for a page
     * that is still unchanged.
     */
    private static long wholePages(FileChannel pages) throws IOException {
        long length = pages.size();
        ByteBuffer size = ByteBuffer.allocate(Integer.BYTES);
        if (length < PAGE_HEADER_BYTES || pages.read(size, 0) < Integer.BYTES) {
            return 0;
        }
        long record = (long) size.flip().getInt() + PAGE_HEADER_BYTES;
        return length / record * record;
    }

    /**
     * Copies the rest, and makes all durable.
     *
     * @return whether the copy is good; else it is worth nothing
     */
    boolean copyRest(Path folder, CopyWatch watch) throws IOException {
        if (data != null) {
            try (FileChannel target =
                    FileChannel.open(named(folder, ".data"), StandardOpenOption.WRITE)) {
                write(target, header);
            }
        }
        FileCopies.copy(script, script.size(), named(folder, ".script"), watch);
        FileCopies.copy(log, logBytes, named(folder, ".log"), watch);
        if (pages != null && pagesBytes > 0) {
            FileCopies.copy(pages, pagesBytes, named(folder, ".backup"), watch);
        }
        try (FileChannel target = FileCopies.create(named(folder, ".properties"))) {
            write(target, properties);
        }
        if (!unspoiled()) {
            return false;
        }
        FileCopies.syncAll(folder);
        return new String(properties, US_ASCII).contains("modified=yes");
    }

    private static void write(FileChannel target, byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
            target.write(left, left.position());
        }
    }

    private boolean unspoiled() throws IOException {
        try {
            return Identity.of(file(database, ".script")).equals(scriptIdentity);
        } catch (NoSuchFileException _) {
            // A checkpoint is putting another in its place.
            return false;
        }
    }

    private static Path file(Path database, String extension) {
        return database.resolveSibling(database.getFileName() + extension);
    }

    private Path named(Path folder, String extension) {
        return folder.resolve(database.getFileName() + extension);
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    private static @Nullable FileChannel openIfThere(Path file) throws IOException {
        try {
            return open(file);
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (FileChannel channel : new @Nullable FileChannel[] {script, log, data, pages}) {
            try {
                if (channel != null) {
                    channel.close();
                }
            } catch (IOException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
