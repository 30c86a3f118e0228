package io.cairn.plugin.btrfs;

import static io.cairn.plugin.btrfs.Lookup.CUT;
import static io.cairn.plugin.btrfs.Lookup.CUT_LABEL;
import static io.cairn.plugin.btrfs.Lookup.HALF;
import static io.cairn.plugin.btrfs.Lookup.IMAGE;
import static io.cairn.plugin.btrfs.Lookup.NEW_VOLUME;
import static io.cairn.plugin.btrfs.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Leases;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/** Makes subvolumes: volumes under another name until they are whole, snapshots at once. */
final class Creation {
    /**
     * What devices of images read and write at least. Smaller, they could not write past the file's
     * cache, since no block of the file system is smaller.
     */
    static final int SECTOR = 4096;

    private static final int CREATE = Native.O_RDWR | Native.O_CREAT | Native.O_EXCL;

    private final BackendFolder folder;
    private final Lookup lookup;
    private final Claims claims;

    Creation(BackendFolder folder, Lookup lookup, Claims claims) {
        this.folder = folder;
        this.lookup = lookup;
        this.claims = claims;
    }

    /**
     * What something is made from.
     *
     * @param still whether nobody writes to it, so that a snapshot of the subvolume is of one
     *     instant; else only a clone of the image is
     * @param leased whether that is so only as long as the lease on the image holds
     */
    record Content(Fd subvolume, Fd image, boolean still, boolean leased) {
        /** That of a snapshot, which nobody ever writes to. */
        static Content ofSnapshot(Fd subvolume, Fd image) {
            return new Content(subvolume, image, true, false);
        }

        /** That of a file which is in no subvolume of its own. */
        static Content ofFile(Fd file) {
            return new Content(file, file, false, false);
        }

        /** Whether nobody began to write to it until now. */
        private boolean staysStill(Native os) throws OsException {
            return !leased || Leases.holds(os, image);
        }

        private Content written() {
            return new Content(subvolume, image, false, false);
        }
    }

    /**
     * Makes a volume that is not there.
     *
     * @param source where its content comes from; empty if it is to read as zeroes
     * @param content that content; else null
     */
    BackendVolume make(
            Native os, VolumeSpec spec, Optional<Source> source, @Nullable Content content)
            throws OsException {
        String name = spec.id().toString();
        os.makeFolder(folder.volumes(), name, 0700);
        try (Fd home = os.open(folder.volumes(), name, Native.O_RDONLY)) {
            try {
                Label label = new Label(name, spec.mark(), Optional.empty(), source);
                finish(os, home, label, spec.sizeBytes(), content);
            } catch (OsException | RuntimeException e) {
                undo(
                        e,
                        () -> {
                            Subvolumes.destroy(os, home, NEW_VOLUME);
                            Subvolumes.destroy(os, home, VOLUME);
                            os.remove(folder.volumes(), name, Native.AT_REMOVEDIR);
                            os.sync(folder.volumes());
                        });
                throw e;
            }
        }
        return new BackendVolume(
                spec.id(),
                spec.pool(),
                spec.sizeBytes(),
                lookup.location(spec.id(), VOLUME),
                spec.mark());
    }

    /** Makes the volume in a folder that is there for it, and makes all of that durable. */
    void finish(Native os, Fd home, Label label, long sizeBytes, @Nullable Content content)
            throws OsException {
        begin(os, home, label, sizeBytes, content);
        os.rename(home, NEW_VOLUME, VOLUME);
        os.sync(home);
        os.sync(folder.volumes());
    }

    /** Gives a volume another content, that of a snapshot, at once and whole. */
    void replace(Native os, Fd home, Label label, long sizeBytes, Content content)
            throws OsException {
        try {
            begin(os, home, label, sizeBytes, content);
            os.exchange(home, NEW_VOLUME, VOLUME);
        } catch (OsException | RuntimeException e) {
            undo(
                    e,
                    () -> {
                        Subvolumes.destroy(os, home, NEW_VOLUME);
                        os.sync(home);
                    });
            throw e;
        }
        try {
            os.sync(home);
            Subvolumes.destroy(os, home, NEW_VOLUME);
            os.sync(home);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** Makes the subvolume that is to become a volume, whole and durable. */
    private static void begin(
            Native os, Fd home, Label label, long sizeBytes, @Nullable Content content)
            throws OsException {
        Subvolumes.destroy(os, home, NEW_VOLUME);
        boolean there = content != null && content.still();
        if (content != null && content.still()) {
            Subvolumes.snapshot(os, content.subvolume(), home, NEW_VOLUME, false);
            if (!content.staysStill(os)) {
                begin(os, home, label, sizeBytes, content.written());
                return;
            }
        } else {
            Subvolumes.create(os, home, NEW_VOLUME);
        }
        try (Fd subvolume = os.open(home, NEW_VOLUME, Native.O_RDONLY);
                Fd image = os.open(subvolume, IMAGE, there ? Native.O_RDWR : CREATE, 0600)) {
            if (content != null && !there) {
                clone(os, content.image(), image);
            }
            os.resize(image, sizeBytes);
            os.setLabel(image, label);
            os.sync(image);
            os.sync(subvolume);
        }
    }

    /** Shares the content of a file, during which nobody writes to it. */
    static void clone(Native os, Fd from, Fd to) throws OsException {
        try {
            os.clone(from, to);
        } catch (OsException e) {
            if (!e.is(OsException.EINVAL)) {
                throw e;
            }
            OsException other =
                    new OsException(
                            UNSUPPORTED,
                            "%s cannot share its content with %s, as where just one of them has no checksums (see `lsattr` for C): copy it with `cp --reflink=never`"
                                    .formatted(from.path(), to.path()));
            other.initCause(e);
            throw other;
        }
    }

    /**
     * The content of a volume, so that what was written to its devices before is in what is made of
     * it next, as of one instant. The image must stay open until that is made.
     *
     * <p>While the kernel snapshots a subvolume it holds nobody off: what is in caches is written
     * as it is come to, and an acknowledged write may still wait to be entered when a later one is
     * in. So that is for what nobody has open for writing, and a lease on the image has those wait
     * who come meanwhile. A clone of the image, during which nobody writes, is for all else.
     */
    Content content(Native os, VolumeId volume, Fd subvolume, Fd image)
            throws OsException, IOException {
        if (Leases.takeAtOnce(os, image)) {
            return new Content(subvolume, image, true, true);
        }
        Loops.flush(os, image, lookup.hint(Target.of(volume)));
        return new Content(subvolume, image, false, false);
    }

    /** Cuts a snapshot, or returns the one that is there. The caller has the turn of its id. */
    BackendSnapshot cut(Native os, SnapshotSpec spec, Fd home, Fd subvolume, Fd image)
            throws OsException, IOException {
        Optional<BackendSnapshot> existing = lookup.existing(os, spec, home);
        if (existing.isPresent()) {
            return existing.get();
        }
        String name = spec.id().toString();
        claims.take(os, spec.id(), spec.volume());
        try {
            Content content = content(os, spec.volume(), subvolume, image);
            Instant cutAt = Instant.now();
            Label label = new Label(name, spec.mark(), Optional.of(cutAt), Optional.empty());
            boolean cut = content.still();
            if (cut) {
                os.setAttribute(image, CUT_LABEL, label.toBytes());
                // This commits everything before it too, above all the claim and the label.
                Subvolumes.snapshot(os, subvolume, home, name + CUT, true);
                cut = content.staysStill(os);
            }
            if (!cut) {
                Subvolumes.destroy(os, home, name + CUT);
                cloneTo(os, content, home, name, label);
            }
            try (Fd made = os.open(home, name + CUT + "/" + IMAGE, Native.O_RDONLY)) {
                return new BackendSnapshot(
                        spec.id(),
                        spec.volume(),
                        os.size(made),
                        cutAt,
                        lookup.location(spec.volume(), name + CUT),
                        spec.mark());
            }
        } catch (OsException | IOException | RuntimeException e) {
            undo(
                    e,
                    () -> {
                        Subvolumes.destroy(os, home, name + HALF);
                        Subvolumes.destroy(os, home, name + CUT);
                        // One that is left for want of room counts for nothing.
                        Claims.Drop _ = claims.drop(os, spec.id(), spec.volume());
                        Subvolumes.commit(os, home);
                    });
            throw e;
        }
    }

    private void cloneTo(Native os, Content content, Fd home, String name, Label label)
            throws OsException {
        Subvolumes.destroy(os, home, name + HALF);
        Subvolumes.create(os, home, name + HALF);
        try (Fd subvolume = os.open(home, name + HALF, Native.O_RDONLY);
                Fd image = os.open(subvolume, IMAGE, CREATE, 0600)) {
            clone(os, content.image(), image);
            os.setAttribute(image, CUT_LABEL, label.toBytes());
            os.sync(image);
            os.sync(subvolume);
            Subvolumes.protect(os, subvolume);
        }
        os.rename(home, name + HALF, name + CUT);
        os.sync(home);
    }

    /** Durably, or the half made would come back with the power after the failure was known. */
    private static void undo(Exception failure, Undoing undoing) {
        try {
            undoing.run();
        } catch (OsException e) {
            failure.addSuppressed(e);
        }
    }

    /** Takes back what was half done. */
    interface Undoing {
        void run() throws OsException;
    }
}
