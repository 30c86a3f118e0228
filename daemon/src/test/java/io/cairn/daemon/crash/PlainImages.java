package io.cairn.daemon.crash;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/** Files that hold just what the volumes do, and devices. */
final class PlainImages implements Images {
    @Override
    public boolean exists(Path image) {
        return Files.exists(image);
    }

    @Override
    public boolean isWritable(Path image) {
        return Files.exists(image);
    }

    @Override
    public Optional<Path> device(Path image) {
        return Optional.empty();
    }

    @Override
    public long sizeBytes(Path image) throws IOException {
        return Files.size(image);
    }

    @Override
    public List<byte[]> views(Path image) throws IOException {
        return List.of(Files.readAllBytes(image));
    }

    @Override
    public void write(Path image, byte[] bytes, boolean sync) throws IOException {
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            if (sync) {
                channel.force(true);
            }
        }
    }
}
