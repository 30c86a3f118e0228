package io.cairn.daemon.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads and writes what volumes and snapshots hold, each by the file that its location is. */
interface Images {
    boolean exists(Path image) throws IOException;

    /** Whether a volume is there and can be written to now, by a device of it or without. */
    boolean isWritable(Path image) throws IOException;

    /** By which only it can be written to while it is attached; empty if there is none. */
    Optional<Path> device(Path image) throws IOException;

    long sizeBytes(Path image) throws IOException;

    /** All that it holds, as it is seen on each way to it. */
    List<byte[]> views(Path image) throws IOException;

    /** Overwrites the beginning of one that is there. */
    void write(Path image, byte[] bytes, boolean sync) throws IOException;
}
