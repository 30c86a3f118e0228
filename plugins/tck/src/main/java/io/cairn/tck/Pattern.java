package io.cairn.tck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;

/**
 * Content that tells where it belongs: each eight bytes are made of their own place and a
 * generation, so that a byte of another place, another volume or another time is noticed. The
 * generation 0 is zeroes.
 */
final class Pattern {
    private static final int CHUNK = 1 << 18;

    private Pattern() {}

    static void write(SeekableByteChannel content, long from, long to, int generation)
            throws IOException {
        content.position(from);
        for (long at = from; at < to; at += CHUNK) {
            ByteBuffer bytes = ByteBuffer.wrap(bytes(at, Math.min(to, at + CHUNK), generation));
            while (bytes.hasRemaining()) {
                content.write(bytes);
            }
        }
    }

    /** Fails at the first byte that is not of the generation. */
    static void verify(SeekableByteChannel content, long from, long to, int generation)
            throws IOException {
        content.position(from);
        for (long at = from; at < to; at += CHUNK) {
            byte[] expected = bytes(at, Math.min(to, at + CHUNK), generation);
            ByteBuffer found = ByteBuffer.allocate(expected.length);
            while (found.hasRemaining() && content.read(found) >= 0) {
                // reads on
            }
            int wrong =
                    Arrays.mismatch(
                            found.array(), 0, found.position(), expected, 0, expected.length);
            if (wrong >= 0) {
                throw new AssertionError(
                        found.position() == wrong
                                ? "the content ends at byte %d instead of %d"
                                        .formatted(at + wrong, to)
                                : "byte %d is not of generation %d"
                                        .formatted(at + wrong, generation));
            }
        }
    }

    private static byte[] bytes(long from, long to, int generation) {
        byte[] bytes = new byte[Math.toIntExact(to - from)];
        if (generation != 0) {
            for (int i = 0; i < bytes.length; i++) {
                long at = from + i;
                long word = (at / 8 + 1) * 0x9E3779B97F4A7C15L + generation * 0xD1B54A32D192ED03L;
                bytes[i] = (byte) (word >>> (at % 8 * 8));
            }
        }
        return bytes;
    }
}
