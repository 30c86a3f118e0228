package io.cairn.plugin.btrfs;

import static io.cairn.plugin.btrfs.Lookup.CUT;
import static io.cairn.plugin.btrfs.Lookup.IMAGE;
import static io.cairn.plugin.btrfs.Lookup.MARK;
import static io.cairn.plugin.btrfs.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.btrfs.Creation.Content;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Uses;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.List;

/** Changes what is there already: marks, sizes, and a volume's content as a whole. */
final class Alteration {
    private final Lookup lookup;
    private final Creation creation;
    private final Uses uses;

    Alteration(Lookup lookup, Creation creation, Uses uses) {
        this.lookup = lookup;
        this.creation = creation;
        this.uses = uses;
    }

    void mark(Native os, VolumeId id, Mark mark) throws OsException {
        try (Fd home = lookup.home(os, id);
                Fd image = there(lookup.image(os, home, VOLUME), "there is no such volume")) {
            os.setLabel(image, os.label(image).marked(id.toString(), mark));
            sync(os, image);
        }
    }

    /** Beside the snapshot, which nothing is written into. */
    void mark(Native os, SnapshotId id, VolumeId volume, Mark mark) throws OsException {
        try (Fd home = lookup.home(os, volume);
                Fd image =
                        there(
                                lookup.image(os, home, id + CUT),
                                "the volume has no such snapshot")) {
            Fd folder = there(home, "there is no such volume");
            Label label = lookup.label(os, id, folder, image).marked(id.toString(), mark);
            try (Fd file = os.open(folder, id + MARK, Native.O_RDWR | Native.O_CREAT, 0600)) {
                os.setLabel(file, label);
                sync(os, file);
                sync(os, folder);
            }
        }
    }

    BackendVolume grow(Native os, VolumeId id, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        Target target = Target.of(id);
        try (Fd image = lookup.target(os, target, Native.O_RDONLY)) {
            long before = os.size(image);
            if (sizeBytes < before) {
                throw new OsException(
                        INVALID,
                        "it has %d bytes already; volumes do not shrink".formatted(before));
            }
            List<Loops.Loop> loops = Loops.of(os, image, lookup.hint(target));
            if (sizeBytes > before) {
                Loops.checkSize(loops, sizeBytes, Creation.SECTOR);
                uses.checkGrowable(target);
                try (Fd writable = lookup.target(os, target, Native.O_RDWR)) {
                    os.resize(writable, sizeBytes);
                }
            }
            Loops.settle(os, image, loops);
            return lookup.asFound(os, id, image);
        }
    }

    BackendVolume revert(Native os, VolumeId id, SnapshotId source)
            throws OsException, InterruptedException, IOException {
        try (Fd home = there(lookup.home(os, id), "there is no such volume")) {
            try (Fd image = there(lookup.image(os, home, VOLUME), "there is no such volume");
                    Fd snapshot =
                            there(
                                    os.openIfThere(home, source + CUT),
                                    "the volume has no such snapshot")) {
                uses.checkUnused(os, Target.of(id), image);
                Label label = os.label(image).marked(id.toString(), os.label(image).mark());
                creation.replace(
                        os, home, label, os.size(image), Content.ofSnapshot(snapshot, image));
            }
            try (Fd image = os.open(home, VOLUME + "/" + IMAGE, Native.O_RDONLY)) {
                return lookup.asFound(os, id, image);
            }
        }
    }

    private static void sync(Native os, Fd file) throws OsException {
        try {
            os.sync(file);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    static Fd there(@Nullable Fd found, String otherwise) throws OsException {
        if (found == null) {
            throw new OsException(NOT_FOUND, otherwise);
        }
        return found;
    }
}
