package io.cairn.plugin.file;

import static io.cairn.plugin.file.Lookup.CUT;
import static io.cairn.plugin.file.Lookup.IMAGE;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

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
    private static final int PROTECTED = 0400;
    private static final int WRITABLE = 0600;

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
                Fd image = volume(lookup.file(os, home, IMAGE))) {
            os.setLabel(image, os.label(image).marked(id.toString(), mark));
            sync(os, image);
        }
    }

    void mark(Native os, SnapshotId id, VolumeId volume, Mark mark) throws OsException {
        try (Fd home = lookup.home(os, volume);
                Fd file = snapshot(lookup.file(os, home, id + CUT))) {
            Label label = os.label(file).marked(id.toString(), mark);
            try {
                os.setLabel(file, label);
            } catch (OsException e) {
                if (!e.is(OsException.EACCES)) {
                    throw e;
                }
                // Without privileges, a label cannot be put on what is read-only.
                os.setMode(file, WRITABLE);
                os.setLabel(file, label);
            }
            // Always, for a call that was killed may have left it writable.
            os.setMode(file, PROTECTED);
            sync(os, file);
        }
    }

    BackendVolume grow(Native os, VolumeId id, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        Target target = Target.of(id);
        try (Fd home = lookup.home(os, id);
                Fd image = volume(lookup.file(os, home, IMAGE))) {
            long before = os.size(image);
            if (sizeBytes < before) {
                throw new OsException(
                        INVALID,
                        "it has %d bytes already; volumes do not shrink".formatted(before));
            }
            List<Loops.Loop> loops = Loops.of(os, image, lookup.hint(target));
            if (sizeBytes > before) {
                Loops.checkSize(loops, sizeBytes, Loops.SECTOR);
                uses.checkGrowable(target);
                try (Fd writable = os.open(home(home), IMAGE, Native.O_RDWR)) {
                    os.resize(writable, sizeBytes);
                }
            }
            Loops.settle(os, image, loops);
            return lookup.asFound(os, id, image);
        }
    }

    BackendVolume revert(Native os, VolumeId id, SnapshotId source)
            throws OsException, InterruptedException, IOException {
        try (Fd home = lookup.home(os, id);
                Fd image = volume(lookup.file(os, home, IMAGE));
                Fd snapshot = snapshot(lookup.file(os, home, source + CUT))) {
            uses.checkUnused(os, Target.of(id), image);
            Label label = os.label(image).marked(id.toString(), os.label(image).mark());
            creation.replace(os, home(home), label, os.size(image), snapshot);
        }
        try (Fd home = lookup.home(os, id);
                Fd image = volume(lookup.file(os, home, IMAGE))) {
            return lookup.asFound(os, id, image);
        }
    }

    private static void sync(Native os, Fd file) throws OsException {
        try {
            os.sync(file);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private static Fd volume(@Nullable Fd image) throws OsException {
        if (image == null) {
            throw new OsException(NOT_FOUND, "there is no such volume");
        }
        return image;
    }

    private static Fd snapshot(@Nullable Fd file) throws OsException {
        if (file == null) {
            throw new OsException(NOT_FOUND, "the volume has no such snapshot");
        }
        return file;
    }

    /** Where a volume is, its folder is too. */
    private static Fd home(@Nullable Fd home) throws OsException {
        return volume(home);
    }
}
