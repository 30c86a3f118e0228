package io.cairn.daemon.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The end of HSQLDB's log after a crash. HSQLDB refuses a log with a torn last line if it is told
 * to replay all of it, and throws away everything behind a bad line if it is not. So what no COMMIT
 * follows is cut off before HSQLDB sees it; nobody was told that it was there.
 *
 * <p>The log is lines of printable ASCII; anything else within a value is written as {@code
 * \\uXXXX}. A line that is just COMMIT is therefore never part of a value.
 */
final class LogTail {
    private static final byte[] COMMIT = "COMMIT\n".getBytes(US_ASCII);
    private static final int KEPT_PIECES = 10;

    private final Path log;

    LogTail(Path log) {
        this.log = log;
    }

    /**
     * Cuts off what was never acknowledged and keeps the piece in a file beside the log.
     *
     * @param noted how much is good, if that is known
     * @return what was done, in a line for the operator; empty if there was nothing to cut
     * @throws StoreException DAMAGED if the log is damaged before its last transaction
     */
    Optional<String> cut(OptionalLong noted) throws IOException, StoreException {
        if (!Files.exists(log)) {
            return Optional.empty();
        }
        byte[] bytes = Files.readAllBytes(log);
        int good =
                noted.isPresent() && noted.getAsLong() <= bytes.length
                        ? (int) noted.getAsLong()
                        : afterLastCommit(bytes, bytes.length);
        int hole = firstOddByte(bytes, good);
        if (hole < good) {
            int before = afterLastCommit(bytes, hole);
            boolean torn = bytes[hole] == 0 && afterLastCommit(bytes, good - 1) == before;
            if (!torn) {
                throw new StoreException(
                        StoreException.Kind.DAMAGED,
                        "the state's log %s is damaged at byte %d, and committed changes follow; it was left as it is. Restore the folder from a copy, or rebuild the state from the backends"
                                .formatted(log, hole));
            }
            // Pages of the write that a power failure cut short reach the disk in any order.
            good = before;
        }
        if (good == bytes.length) {
            return Optional.empty();
        }
        Path piece = keep(Arrays.copyOfRange(bytes, good, bytes.length), good);
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
            channel.truncate(good);
            channel.force(true);
        }
        return Optional.of(
                "cut %d bytes after the last acknowledged change off %s; they are kept in %s"
                        .formatted(bytes.length - good, log, piece));
    }

    private Path keep(byte[] piece, int offset) throws IOException {
        String prefix = log.getFileName() + ".cut-";
        List<Path> kept;
        try (Stream<Path> files = Files.list(log.resolveSibling("."))) {
            kept =
                    new ArrayList<>(
                            files.filter(f -> f.getFileName().toString().startsWith(prefix))
                                    .sorted()
                                    .toList());
        }
        while (kept.size() >= KEPT_PIECES) {
            Files.delete(kept.removeFirst());
        }
        Path file =
                log.resolveSibling(
                        "%s%d-at-%d".formatted(prefix, Clock.systemUTC().millis(), offset));
        Files.write(file, piece);
        return file;
    }

    /** Where the last line that is COMMIT ends, among the first bytes; 0 if there is none. */
    static int afterLastCommit(byte[] bytes, int length) {
        for (int end = length; end >= COMMIT.length; end--) {
            if (bytes[end - 1] != '\n') {
                continue;
            }
            int start = end - COMMIT.length;
            if (Arrays.equals(bytes, start, end, COMMIT, 0, COMMIT.length)
                    && (start == 0 || bytes[start - 1] == '\n' || endsSessionMark(bytes, start))) {
                return end;
            }
        }
        return 0;
    }

    /** A change of session is marked in front of the next line, as in {@code /*C2*}{@code /}. */
    private static boolean endsSessionMark(byte[] bytes, int end) {
        int at = end - 1;
        if (at < 1 || bytes[at] != '/' || bytes[at - 1] != '*') {
            return false;
        }
        at -= 2;
        while (at >= 0 && bytes[at] >= '0' && bytes[at] <= '9') {
            at--;
        }
        return at >= 2
                && bytes[at] == 'C'
                && bytes[at - 1] == '*'
                && bytes[at - 2] == '/'
                && (at == 2 || bytes[at - 3] == '\n');
    }

    private static int firstOddByte(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] < ' ' && bytes[i] != '\n') {
                return i;
            }
        }
        return length;
    }
}
