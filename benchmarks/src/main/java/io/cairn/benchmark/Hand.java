package io.cairn.benchmark;

import java.io.IOException;

/** How one client creates snapshots of its volume, and deletes them, the oldest first. */
interface Hand extends AutoCloseable {
    Object create(String name) throws Exception;

    Object delete() throws Exception;

    @Override
    void close() throws IOException;
}
