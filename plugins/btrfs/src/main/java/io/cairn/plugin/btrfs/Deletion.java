package io.cairn.plugin.btrfs;

import static io.cairn.plugin.btrfs.Lookup.CUT;
import static io.cairn.plugin.btrfs.Lookup.FILE;
import static io.cairn.plugin.btrfs.Lookup.HALF;
import static io.cairn.plugin.btrfs.Lookup.MARK;
import static io.cairn.plugin.btrfs.Lookup.NEW_VOLUME;
import static io.cairn.plugin.btrfs.Lookup.RELEASED;
import static io.cairn.plugin.btrfs.Lookup.VOLUME;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.btrfs.Claims.Drop;
import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Uses;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;

/** Takes volumes and snapshots away, with all that killed calls left of them. */
final class Deletion {
    /** The longest name that a file has. */
    private static final int NAME_BYTES = 255;

    private final BackendFolder folder;
    private final Lookup lookup;
    private final Uses uses;
    private final Claims claims;

    Deletion(BackendFolder folder, Lookup lookup, Uses uses, Claims claims) {
        this.folder = folder;
        this.lookup = lookup;
        this.uses = uses;
        this.claims = claims;
    }

    void volume(Native os, VolumeId id) throws OsException, InterruptedException, IOException {
        try (Fd home = lookup.home(os, id)) {
            try (Fd image = lookup.image(os, home, VOLUME)) {
                if (home != null && image != null) {
                    lookup.checkAlone(home);
                    uses.checkUnused(os, Target.of(id), image);
                }
            }
            removeAll(os, id, home);
        }
    }

    /** The caller has the turn of its id. */
    void snapshot(Native os, SnapshotId id, VolumeId volume)
            throws OsException, InterruptedException, IOException {
        try (Fd home = lookup.home(os, volume)) {
            Target target = Target.of(volume, id);
            try (Fd image = lookup.image(os, home, id + CUT)) {
                if (image != null) {
                    uses.checkUnattached(os, lookup.hint(target), image);
                    uses.checkUnexported(target);
                }
            }
            // Before the snapshot, so that it is committed with that.
            Drop claim = claims.drop(os, id, volume);
            boolean cut = home != null && destroyClaimed(os, id, volume, home, claim);
            removeRest(os, id, volume, home, claim == Drop.DROPPED && cut);
        }
    }

    /** The volume, and what is left where there is none. */
    private void removeAll(Native os, VolumeId id, @Nullable Fd home)
            throws OsException, IOException {
        if (home != null) {
            lookup.checkAlone(home);
            Subvolumes.destroy(os, home, VOLUME);
        }
        try {
            if (home != null) {
                letGo(os, id, home);
                Subvolumes.destroy(os, home, NEW_VOLUME);
                os.remove(home, RELEASED, 0);
                for (String name : Entries.names(Path.of(home.path()))) {
                    if (name.endsWith(MARK)) {
                        os.remove(home, name, 0);
                    } else if (name.endsWith(HALF)) {
                        Subvolumes.destroy(os, home, name);
                    }
                }
                // What was destroyed is so for good only with the folder that it was in.
                os.sync(home);
                os.remove(folder.volumes(), id.toString(), Native.AT_REMOVEDIR);
            }
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** A file that was not adopted to the end is not the driver's to delete. */
    private void letGo(Native os, VolumeId id, Fd home) throws OsException {
        byte[] name = os.attribute(home, FILE, NAME_BYTES);
        if (name.length == 0) {
            return;
        }
        try (Fd file = lookup.becoming(os, id, new String(name, UTF_8))) {
            if (file != null) {
                os.removeLabel(file);
                os.sync(file);
            }
        }
    }

    /** What cannot be deleted keeps its claim. */
    private boolean destroyClaimed(Native os, SnapshotId id, VolumeId volume, Fd home, Drop claim)
            throws OsException {
        try {
            boolean half = Subvolumes.destroy(os, home, id + HALF);
            return Subvolumes.destroy(os, home, id + CUT) || half;
        } catch (OsException e) {
            if (claim == Drop.DROPPED) {
                try {
                    claims.take(os, id, volume);
                } catch (OsException second) {
                    e.addSuppressed(second);
                }
            }
            throw e;
        }
    }

    /**
     * What belongs to a snapshot that is not there, or no longer.
     *
     * @param whole whether the snapshot went with its claim, so that one commit has both
     */
    private void removeRest(
            Native os, SnapshotId id, VolumeId volume, @Nullable Fd home, boolean whole)
            throws OsException {
        try {
            if (home != null) {
                os.remove(home, id + MARK, 0);
                os.sync(home);
            }
            if (!whole) {
                // Now there may be room to.
                Drop _ = claims.drop(os, id, volume);
                Subvolumes.commit(os, folder.root());
            }
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }
}
