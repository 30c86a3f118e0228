package io.cairn.plugin.local.qemu;

import io.cairn.spi.ConnectionId;

import java.util.Optional;

/**
 * What QEMU calls an export. Since QEMU does not tell whether one may write, its name does; and it
 * begins with a letter, as QEMU demands.
 *
 * @param connection whose it is; empty for the one by FUSE
 */
public record ExportName(Optional<ConnectionId> connection, boolean writable) {
    /** Stands for the export by FUSE where those by NBD are named by their connections. */
    public static final String FUSE = "fuse";

    private static final String NBD = "nbd";
    private static final String WRITABLE = "-w";
    private static final String READ_ONLY = "-r";
    private static final String PATTERN = "(nbd-[wr]-[0-9a-f-]{36})|(fuse-[wr])";

    static ExportName nbd(ConnectionId connection, boolean writable) {
        return new ExportName(Optional.of(connection), writable);
    }

    static ExportName fuse(boolean writable) {
        return new ExportName(Optional.empty(), writable);
    }

    /** The one that QEMU calls so; empty if it is not of ours. */
    static Optional<ExportName> parse(String text) {
        if (!text.matches(PATTERN)) {
            return Optional.empty();
        }
        String[] parts = text.split("-", 3);
        boolean writable = WRITABLE.endsWith(parts[1]);
        return Optional.of(
                parts.length == 3 ? nbd(ConnectionId.parse(parts[2]), writable) : fuse(writable));
    }

    /** What it is called outside: the connection, or {@link #FUSE}. */
    String shown() {
        return connection.map(ConnectionId::toString).orElse(FUSE);
    }

    /** What QEMU calls it. */
    @Override
    public String toString() {
        String mode = writable ? WRITABLE : READ_ONLY;
        return connection.map(id -> NBD + mode + "-" + id).orElse(FUSE + mode);
    }
}
