package io.cairn.benchmark;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The floor of what a storage asks for a snapshot: the fewest calls that make a durable copy of an
 * image under a name of its own, and take it away. For one thread.
 */
interface Bare extends AutoCloseable {
    /** Makes a copy. */
    int create(String name) throws IOException;

    /** Takes a copy away. */
    int delete(String name) throws IOException;

    @Override
    void close() throws IOException;

    /** For storage of this kind, in an empty folder on it. */
    static Bare of(Storage storage, Path folder) throws IOException {
        return switch (storage) {
            case SUBVOLUMES -> BareSubvolumes.in(folder);
            case CHAINS -> ChainTool.overlays(folder);
            case THIN -> ThinTool.durable(folder);
            case IMAGES -> BareImages.of(folder);
            case XFS, BTRFS, FOLDER, MEMORY ->
                    new BareFiles(storage, folder, Seed.image(folder.resolve("image")));
        };
    }

    /** What a script would do on it, in an empty folder on it. */
    static Bare tool(Storage storage, Path folder) throws IOException {
        return switch (storage) {
            case CHAINS -> ChainTool.inner(folder);
            case THIN -> ThinTool.plain(folder);
            case IMAGES -> ImageTool.of(folder);
            case SUBVOLUMES -> Tool.in(folder);
            case XFS, BTRFS, FOLDER, MEMORY ->
                    throw new IllegalStateException(storage + " has no tool");
        };
    }
}
