package io.cairn.tck;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A fresh file system, mounted for as long as this is open. For tests, and not for several threads.
 */
public interface TestFileSystem extends AutoCloseable {
    /** Where it is mounted. */
    Path path();

    /** Writes everything to the disk, after which its free space is what it says. */
    void flush() throws IOException, InterruptedException;

    /**
     * Unmounts it and removes all trace. What is still open in it keeps living until it is closed.
     */
    @Override
    void close() throws IOException;
}
