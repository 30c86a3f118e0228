package io.cairn.plugin.file;

/** An open file descriptor and the path it was opened by. */
record Fd(int number, String path) implements AutoCloseable {
    /** Closing never loses anything here: whatever must last is synced before. */
    @Override
    public void close() {
        Native.close(number);
    }
}
