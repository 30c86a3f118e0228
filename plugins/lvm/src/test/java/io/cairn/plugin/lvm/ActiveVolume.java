package io.cairn.plugin.lvm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/** The content of a volume that is not attached: it is active as long as this is open. */
final class ActiveVolume implements SeekableByteChannel {
    private final String volume;
    private final FileChannel device;
    private boolean closed;

    ActiveVolume(String location, boolean writable) throws IOException {
        this(
                location,
                writable
                        ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE)
                        : Set.of(StandardOpenOption.READ));
    }

    private ActiveVolume(String location, Set<StandardOpenOption> options) throws IOException {
        volume = location.substring("/dev/".length());
        run("-y", "-ay", "-K", volume);
        try {
            device = FileChannel.open(Path.of(location), options);
        } catch (IOException e) {
            run("-y", "-an", volume);
            throw e;
        }
    }

    /** One that is written without leaving anything in the device's cache. */
    static ActiveVolume synced(String location) throws IOException {
        return new ActiveVolume(
                location,
                Set.of(
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.DSYNC));
    }

    /** Also for who is interrupted, whose use of the device then ends by that. */
    private static void run(String... words) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    VolumeGroup.run("lvchange", words);
                    return;
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return device.read(into);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return device.write(from);
    }

    @Override
    public long position() throws IOException {
        return device.position();
    }

    @Override
    public SeekableByteChannel position(long to) throws IOException {
        SeekableByteChannel _ = device.position(to);
        return this;
    }

    @Override
    public long size() throws IOException {
        return device.size();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new UnsupportedOperationException("devices keep their size");
    }

    @Override
    public boolean isOpen() {
        return device.isOpen();
    }

    /** An interrupt closes the device by itself, and the volume stays active until this does. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try (FileChannel open = device) {
            if (open.isOpen()) {
                open.force(true);
            }
        } finally {
            run("-y", "-an", volume);
        }
    }
}
