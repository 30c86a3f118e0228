package io.cairn.daemon.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.UUID;

/**
 * The name of a database, which its warnings bear. By itself HSQLDB takes the millisecond, so that
 * two made at once would hear each other's warnings; and a copy has the name of what it is of.
 */
final class OwnName {
    /** What stands before it in the script. */
    static final String STATEMENT = "SET DATABASE UNIQUE NAME ";

    /** As long as HSQLDB wants it to be. */
    private static final int LENGTH = 16;

    /** The name stands among the first lines. */
    private static final int HEAD_BYTES = 64 << 10;

    private OwnName() {}

    static String choose() {
        return ("C" + UUID.randomUUID().toString().replace("-", ""))
                .substring(0, LENGTH)
                .toUpperCase(Locale.ROOT);
    }

    /**
     * Gives a copy that is not open a name of its own, in its script: opened in the process of what
     * it is a copy of, it would fence that by the first warning.
     */
    static void give(Path database) throws IOException {
        Path script = database.resolveSibling(database.getFileName() + ".script");
        try (FileChannel channel =
                FileChannel.open(script, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
            while (head.hasRemaining() && channel.read(head, head.position()) > 0) {
                // Until all of it is read.
            }
            String text = new String(head.array(), 0, head.position(), US_ASCII);
            int at = text.indexOf(STATEMENT) + STATEMENT.length();
            if (at < STATEMENT.length()
                    || !text.startsWith("\n", Math.min(at + LENGTH, text.length()))) {
                throw new IOException(
                        "%s does not say what its database is called".formatted(script));
            }
            ByteBuffer name = ByteBuffer.wrap(choose().getBytes(US_ASCII));
            while (name.hasRemaining()) {
                channel.write(name, at + name.position());
            }
        }
    }
}
