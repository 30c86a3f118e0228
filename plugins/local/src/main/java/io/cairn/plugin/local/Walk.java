package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.DriverException;
import io.cairn.spi.InventoryVisitor;
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

        /** What an entry of a volume's folder would be, by its name; empty if nothing. */
        Optional<Target> targetOf(VolumeId id, String name);

        /** Tells of an entry, if it is what it would be. */
        void tell(Native os, Target target, Fd home, InventoryVisitor visitor)
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
                Optional<Target> target = finder.targetOf(id, name);
                if (target.isEmpty()) {
                    continue;
                }
                if (Thread.interrupted()) {
                    throw new InterruptedException("interrupted while listing " + home.path());
                }
                // Its own, since what one holds of the arena would add up.
                try (Native each = new Native()) {
                    finder.tell(each, target.get(), home, visitor);
                } catch (OsException e) {
                    tell(e, target.get(), home.path() + "/" + name, visitor);
                } catch (IOException e) {
                    visitor.unreadable(target.get(), home.path() + "/" + name, e.toString());
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
