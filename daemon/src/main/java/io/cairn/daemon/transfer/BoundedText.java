package io.cairn.daemon.transfer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serial;

/** A text in ASCII that must not become longer than so much. */
final class BoundedText extends OutputStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final int most;

    /** It would have become longer. */
    static final class Full extends IOException {
        @Serial private static final long serialVersionUID = 1;

        Full(int most) {
            super("more than %d bytes".formatted(most));
        }
    }

    BoundedText(int most) {
        this.most = most;
    }

    @Override
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] more, int from, int length) throws IOException {
        if (bytes.size() > most - length) {
            throw new Full(most);
        }
        bytes.write(more, from, length);
    }

    @Override
    public String toString() {
        return bytes.toString(US_ASCII);
    }
}
