package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.CONFLICT;

import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What is found in folders, by the names that drivers give. */
public final class Entries {
    private Entries() {}

    /** The names in a folder; none if it is not there. */
    public static List<String> names(Path path) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
            for (Path entry : stream) {
                names.add(entry.toFile().getName());
            }
        } catch (NoSuchFileException _) {
            // Deleted since its own folder was listed.
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    /** The volume that a name stands for. */
    public static Optional<VolumeId> volumeId(String name) {
        return uuid(name).map(VolumeId::new);
    }

    /** The snapshot that a name with this end stands for. */
    public static Optional<SnapshotId> snapshotId(String name, String end) {
        return name.endsWith(end)
                ? uuid(name.substring(0, name.length() - end.length())).map(SnapshotId::new)
                : Optional.empty();
    }

    /**
     * Whether what is there is what is to be made, as far as its mark tells.
     *
     * @throws OsException CONFLICT if it is not
     */
    public static void checkMark(Mark found, Mark wanted) throws OsException {
        // A copy without attributes loses the mark and is still the same object.
        if (!found.equals(wanted) && !found.equals(Mark.NONE)) {
            throw new OsException(
                    CONFLICT,
                    "it exists with another mark, so it is not what is to be made: '%s'"
                            .formatted(found.text()));
        }
    }

    /** Makes durable what was found: who made it may have been killed before he did. */
    public static void settle(Native os, Fd... made) throws OsException {
        try {
            for (Fd each : made) {
                os.sync(each);
            }
        } catch (OsException e) {
            // The object is there, so no call that found it changed nothing.
            throw e.withUnknownOutcome();
        }
    }

    /** Only a name that we would have given. */
    private static Optional<UUID> uuid(String name) {
        try {
            UUID uuid = UUID.fromString(name);
            return uuid.toString().equals(name) ? Optional.of(uuid) : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
