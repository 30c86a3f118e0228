package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.INVALID;

import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The key of a client, for whoever else is to be that client on this host: where the configuration
 * says, by the settings {@code key}, {@code keyfile} and {@code keyring}, as Ceph's own programs
 * look for it.
 */
final class Keyring {
    private Keyring() {}

    /**
     * The bytes that the key's text stands for; empty if none is to be found.
     *
     * @throws OsException INVALID if it is no key
     */
    static Optional<byte[]> secret(Cluster cluster) throws OsException, IOException {
        String text = cluster.configured("key").strip();
        String file = cluster.configured("keyfile").strip();
        if (text.isEmpty() && !file.isEmpty()) {
            text = Files.readString(Path.of(file)).strip();
        }
        if (text.isEmpty()) {
            String user = "client." + cluster.address().user();
            for (String path : cluster.configured("keyring").split("[,; ]+", -1)) {
                if (text.isEmpty() && !path.isEmpty() && Files.isReadable(Path.of(path))) {
                    text = key(Files.readAllLines(Path.of(path)), user).orElse("");
                }
            }
        }
        try {
            return text.isEmpty()
                    ? Optional.empty()
                    : Optional.of(Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException e) {
            // Its message has the text.
            throw new OsException(
                    INVALID,
                    "what the configuration has for the key of client.%s is none"
                            .formatted(cluster.address().user()));
        }
    }

    /** The key of a user in the lines of a keyring. */
    static Optional<String> key(List<String> lines, String user) {
        boolean its = false;
        for (String line : lines) {
            String words = line.strip();
            if (words.startsWith("[")) {
                its = words.equals("[" + user + "]");
            } else if (its && words.matches("key\\s*=.*")) {
                return Optional.of(words.substring(words.indexOf('=') + 1).strip());
            }
        }
        return Optional.empty();
    }
}
