package io.cairn.daemon;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/**
 * The daemon's lasting identity, which it leaves on every backend. It is a file of its own, so that
 * it can be put back when the state is lost.
 */
final class Identity {
    private static final String FILE = "daemon-id";

    private Identity() {}

    /** Reads it from the data folder, if it is there. */
    static Optional<UUID> there(Path dataFolder) throws IOException {
        return Files.exists(dataFolder.resolve(FILE))
                ? Optional.of(in(dataFolder))
                : Optional.empty();
    }

    /** Reads it from the data folder, or chooses one and keeps it there. */
    static UUID in(Path dataFolder) throws IOException {
        Path file = dataFolder.resolve(FILE);
        if (Files.exists(file)) {
            String text = Files.readString(file).strip();
            try {
                return UUID.fromString(text);
            } catch (IllegalArgumentException e) {
                throw new IOException(
                        "%s holds no UUID; put back the one that the backends bear".formatted(file),
                        e);
            }
        }
        UUID chosen = UUID.randomUUID();
        Path whole = dataFolder.resolve(FILE + ".new");
        Files.writeString(whole, chosen + "\n", UTF_8);
        sync(whole);
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
        sync(dataFolder);
        return chosen;
    }

    private static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
