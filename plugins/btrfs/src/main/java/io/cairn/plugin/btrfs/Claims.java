package io.cairn.plugin.btrfs;

import static io.cairn.plugin.btrfs.Lookup.CUT;
import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/**
 * Whose each id of a snapshot is, so that none is of two volumes: for each an attribute of the
 * folder {@code snapshots}, with the volume. A link for each would be a file more that the kernel
 * makes and commits with the snapshot, for a tenth of the time that all of it takes.
 *
 * <p>There is one from before a snapshot is cut until it is about to be deleted. One whose snapshot
 * is not there counts for nothing. The folder is never synced by itself, for which the kernel would
 * write all of them: cutting and deleting commit the file system.
 *
 * <p>The caller has the turn of the id.
 */
final class Claims {
    private static final String PREFIX = "user.cairn.";

    /** A volume's id as text. */
    private static final int ID_BYTES = 36;

    private final BackendFolder folder;
    private final Lookup lookup;

    Claims(BackendFolder folder, Lookup lookup) {
        this.folder = folder;
        this.lookup = lookup;
    }

    /**
     * Takes an id for a snapshot of a volume.
     *
     * @throws OsException CONFLICT if it is a snapshot of another
     */
    void take(Native os, SnapshotId id, VolumeId volume) throws OsException {
        byte[] own = volume.toString().getBytes(UTF_8);
        if (os.makeAttribute(folder.snapshots(), name(id), own)) {
            return;
        }
        Optional<VolumeId> taken = of(os, id);
        if (taken.isPresent() && !taken.get().equals(volume)) {
            try (Fd home = lookup.home(os, taken.get());
                    Fd other = lookup.image(os, home, id + CUT)) {
                if (other != null) {
                    throw new OsException(CONFLICT, "that id is a snapshot of another volume");
                }
            }
        }
        os.setAttribute(folder.snapshots(), name(id), own);
    }

    /** What became of an id that is to be given up. */
    enum Drop {
        DROPPED,
        /** It is not the volume's. */
        ANOTHERS,
        /** It is, and the file system is too full to change it. */
        NO_ROOM
    }

    /** Gives an id up. */
    Drop drop(Native os, SnapshotId id, VolumeId volume) throws OsException {
        if (!of(os, id).equals(Optional.of(volume))) {
            return Drop.ANOTHERS;
        }
        try {
            os.removeAttribute(folder.snapshots(), name(id));
            return Drop.DROPPED;
        } catch (OsException e) {
            if (e.told().kind() != NO_SPACE) {
                throw e;
            }
            return Drop.NO_ROOM;
        }
    }

    private Optional<VolumeId> of(Native os, SnapshotId id) throws OsException {
        byte[] value = os.attribute(folder.snapshots(), name(id), ID_BYTES);
        return Entries.volumeId(new String(value, UTF_8));
    }

    private static String name(SnapshotId id) {
        return PREFIX + id;
    }
}
