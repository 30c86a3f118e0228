package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Goes through the folders of a backend's volumes, and tells of what is in them. What is damaged,
 * or is not to be read by this user, keeps nothing else from being told of.
 */
public final class Walk {
    private Walk() {}

    /** How a driver lays a volume's folder out. */
    public interface Finder {
        /** The folder of a volume; null if there is none. */
        @Nullable Fd home(Native os, VolumeId id) throws OsException;

        /** The name of the volume itself in its folder. */
        String volumeName();

        /** How the names of its snapshots end, which begin with their ids. */
        String snapshotEnd();

        /** The volume in its folder, if it is whole. */
        Optional<BackendVolume> found(Native os, VolumeId id, Fd home)
                throws OsException, IOException;

        /** One of its snapshots, if it is whole. */
        Optional<BackendSnapshot> found(Native os, SnapshotId id, VolumeId volume, Fd home)
                throws OsException, IOException;
    }

    /**
     * Tells of all of them.
     *
     * @throws OsException if the backend as a whole cannot be read
     */
    public static void all(BackendFolder folder, Finder finder, InventoryVisitor visitor)
            throws OsException, InterruptedException, IOException {
        Path volumes = folder.path().resolve(BackendFolder.VOLUMES);
        for (String name : Entries.names(volumes)) {
            Optional<VolumeId> id = Entries.volumeId(name);
            if (id.isEmpty()) {
                continue;
            }
            try {
                volume(id.get(), finder, visitor);
            } catch (OsException e) {
                tell(e, Target.of(id.get()), volumes.resolve(name).toString(), visitor);
            } catch (IOException e) {
                visitor.unreadable(
                        Target.of(id.get()), volumes.resolve(name).toString(), e.toString());
            }
        }
    }

    private static void volume(VolumeId id, Finder finder, InventoryVisitor visitor)
            throws OsException, InterruptedException, IOException {
        try (Native os = new Native();
                Fd home = finder.home(os, id)) {
            if (home == null) {
                return;
            }
            for (String name : Entries.names(Path.of(home.path()))) {
                Optional<SnapshotId> cut = Entries.snapshotId(name, finder.snapshotEnd());
                if (cut.isEmpty() && !name.equals(finder.volumeName())) {
                    continue;
                }
                Target target = new Target(id, cut);
                if (Thread.interrupted()) {
                    throw new InterruptedException("interrupted while listing " + home.path());
                }
                // Its own, since what one holds of the arena would add up.
                try (Native each = new Native()) {
                    if (cut.isPresent()) {
                        finder.found(each, cut.get(), id, home).ifPresent(visitor::snapshot);
                    } else {
                        finder.found(each, id, home).ifPresent(visitor::volume);
                    }
                } catch (OsException e) {
                    tell(e, target, home.path() + "/" + name, visitor);
                } catch (IOException e) {
                    visitor.unreadable(target, home.path() + "/" + name, e.toString());
                }
            }
        }
    }

    private static void tell(OsException e, Target target, String what, InventoryVisitor visitor)
            throws OsException {
        DriverException.Kind kind = e.told().kind();
        if (kind != FAULT && kind != UNSUPPORTED) {
            throw e;
        }
        visitor.unreadable(target, what, String.valueOf(e.getMessage()));
    }
}
