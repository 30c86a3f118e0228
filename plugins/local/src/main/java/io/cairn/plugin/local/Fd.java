package io.cairn.plugin.local;

/** An open file descriptor and the path it was opened by. */
public record Fd(int number, String path) implements AutoCloseable {
    /** Closing never loses anything here: whatever must last is synced before. */
    @Override
    public void close() {
        Native.close(number);
    }
}
