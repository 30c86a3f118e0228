package io.cairn.daemon.store;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.zip.CRC32;

/**
 * Says on disk how many bytes of the database's log are good, while there may be others behind
 * them: HSQLDB keeps what it failed to write and writes it again behind the torn piece as soon as
 * it can, which makes a whole COMMIT of half a transaction. The file has its full size from the
 * beginning so that the note can be made on a full disk.
 */
final class FenceNote implements AutoCloseable {
    private static final long MAGIC = 0x43_41_49_52_4e_4c_4f_47L;
    private static final int SIZE = 3 * Long.BYTES;

    private final FileChannel channel;

    private FenceNote(FileChannel channel) {
        this.channel = channel;
    }

    static FenceNote in(Path folder) throws IOException {
        FileChannel channel = FileChannel.open(folder.resolve("fence"), CREATE, READ, WRITE);
        FenceNote note = new FenceNote(channel);
        if (channel.size() != SIZE) {
            note.clear();
        }
        return note;
    }

    /** Notes that only this much of the log is good. On stable storage when it returns. */
    void write(long goodBytes) throws IOException {
        put(MAGIC, goodBytes, sum(goodBytes));
    }

    void clear() throws IOException {
        put(0, 0, 0);
    }

    OptionalLong read() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SIZE);
        channel.read(bytes, 0);
        bytes.flip();
        if (bytes.remaining() < SIZE || bytes.getLong() != MAGIC) {
            return OptionalLong.empty();
        }
        long goodBytes = bytes.getLong();
        return bytes.getLong() == sum(goodBytes)
                ? OptionalLong.of(goodBytes)
                : OptionalLong.empty();
    }

    private void put(long magic, long goodBytes, long sum) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SIZE).putLong(magic).putLong(goodBytes).putLong(sum);
        channel.write(bytes.flip(), 0);
        channel.force(true);
    }

    private static long sum(long goodBytes) {
        CRC32 crc = new CRC32();
        crc.update(ByteBuffer.allocate(2 * Long.BYTES).putLong(MAGIC).putLong(goodBytes).flip());
        return crc.getValue();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
