package io.cairn.daemon.store;

import java.nio.file.Path;
import java.util.List;

/** The free space beside the database, which decides what is let in. */
record FreeSpace(Path folder, StoreOptions options) {
    long bytes() {
        return folder.toFile().getUsableSpace();
    }

    /** Whether new work is let in. */
    boolean enough() {
        return bytes() >= options.minFreeBytes();
    }

    /** Answers those of the batch that there is too little space for, and takes them out. */
    void admit(List<Request<?>> batch) {
        long freeBytes = bytes();
        if (freeBytes >= options.minFreeBytes()) {
            return;
        }
        batch.removeIf(
                request -> {
                    long needed = options.needed(request.urgency());
                    if (freeBytes >= needed) {
                        return false;
                    }
                    request.fail(
                            StoreException.Kind.FULL,
                            "the file system of %s has %d bytes free and this needs %d: make room there, and try again"
                                    .formatted(folder, freeBytes, needed),
                            null);
                    return true;
                });
    }
}
