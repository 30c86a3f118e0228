package io.cairn.plugin.file;

import static io.cairn.plugin.file.Lookup.CUT;
import static io.cairn.plugin.file.Lookup.IMAGE;
import static io.cairn.plugin.file.Lookup.NEW_IMAGE;
import static io.cairn.spi.DriverException.Kind.CONFLICT;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
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

/** Makes files: under another name, whole, durable, and only then by the lasting name. */
final class Creation {
    private static final int CREATE = Native.O_RDWR | Native.O_CREAT | Native.O_EXCL;

    private final Folder folder;
    private final Lookup lookup;

    Creation(Folder folder, Lookup lookup) {
        this.folder = folder;
        this.lookup = lookup;
    }

    /**
     * Makes a volume that is not there.
     *
     * @param source where its content comes from; empty if it is to read as zeroes
     * @param content that content, {@linkplain #hold held} if it is a volume's; else null
     */
    BackendVolume make(Native os, VolumeSpec spec, Optional<Source> source, @Nullable Fd content)
            throws OsException, InterruptedException {
        boolean held = source.orElse(null) instanceof Source.OfVolume;
        String name = spec.id().toString();
        os.makeFolder(folder.volumes(), name, 0700);
        try (Fd home = os.open(folder.volumes(), name, Native.O_RDONLY)) {
            try {
                os.remove(home, NEW_IMAGE, 0);
                Label label = new Label(name, spec.mark(), Optional.empty(), source);
                begin(os, home, label, spec.sizeBytes(), content, held);
                os.rename(home, NEW_IMAGE, IMAGE);
                os.sync(home);
                os.sync(folder.volumes());
            } catch (OsException | InterruptedException | RuntimeException e) {
                undo(
                        e,
                        () -> {
                            os.remove(home, NEW_IMAGE, 0);
                            os.remove(home, IMAGE, 0);
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
                lookup.location(spec.id(), IMAGE),
                spec.mark());
    }

    /** Gives a volume another content, that of a snapshot, at once and whole. */
    void replace(Native os, Fd home, Label label, long sizeBytes, Fd content)
            throws OsException, InterruptedException {
        try {
            os.remove(home, NEW_IMAGE, 0);
            begin(os, home, label, sizeBytes, content, false);
            os.rename(home, NEW_IMAGE, IMAGE);
        } catch (OsException | InterruptedException | RuntimeException e) {
            undo(e, () -> os.remove(home, NEW_IMAGE, 0));
            throw e;
        }
        try {
            os.sync(home);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** Makes the file that is to become a volume, whole and durable. */
    private void begin(
            Native os, Fd home, Label label, long sizeBytes, @Nullable Fd content, boolean held)
            throws OsException, InterruptedException {
        try (Fd image = os.open(home, NEW_IMAGE, CREATE, 0600)) {
            if (content != null) {
                fill(os, content, image, held);
            }
            os.resize(image, sizeBytes);
            os.setLabel(image, label);
            syncContent(os, image, content != null);
        }
    }

    /**
     * Sees to it that what was written to a volume's file before is in what is made of it next, as
     * of one instant.
     *
     * @throws OsException UNSUPPORTED if that cannot be had as the volume is used now
     */
    void hold(Native os, VolumeId volume, Fd image) throws OsException, IOException {
        switch (folder.method()) {
            case REFLINK -> Loops.flush(os, image, lookup.hint(Target.of(volume)));
            case COPY -> Content.holdStill(os, image);
            case AUTO -> throw new IllegalStateException("no method was chosen");
        }
    }

    /** Cuts a snapshot, or returns the one that is there. The caller has the turn of its id. */
    BackendSnapshot cut(Native os, SnapshotSpec spec, Fd home, Fd image)
            throws OsException, InterruptedException, IOException {
        String name = spec.id().toString();
        Fd begun;
        try {
            begun = os.open(folder.snapshots(), name, CREATE, 0600);
        } catch (OsException e) {
            if (!e.is(OsException.EEXIST)) {
                throw e;
            }
            Optional<BackendSnapshot> existing = lookup.existing(os, spec, home);
            if (existing.isPresent()) {
                return existing.get();
            }
            if (lookup.links(spec.id()) > 1) {
                throw new OsException(CONFLICT, "that id is a snapshot of another volume");
            }
            os.remove(folder.snapshots(), name, 0);
            begun = os.open(folder.snapshots(), name, CREATE, 0600);
        }
        boolean linked = false;
        try (Fd file = begun) {
            hold(os, spec.volume(), image);
            Instant cutAt = Instant.now();
            fill(os, image, file, true);
            os.setLabel(file, new Label(name, spec.mark(), Optional.of(cutAt), Optional.empty()));
            os.setModified(file, cutAt);
            // Not from the start: without privileges, a label cannot be put on what is read-only.
            os.setMode(file, 0400);
            syncContent(os, file, true);
            os.link(file, home, name + CUT);
            linked = true;
            os.sync(home);
            return new BackendSnapshot(
                    spec.id(),
                    spec.volume(),
                    os.size(file),
                    cutAt,
                    lookup.location(spec.volume(), name + CUT),
                    spec.mark());
        } catch (OsException | InterruptedException | IOException | RuntimeException e) {
            boolean whole = linked;
            undo(
                    e,
                    () -> {
                        if (whole) {
                            os.remove(home, name + CUT, 0);
                        }
                        os.remove(folder.snapshots(), name, 0);
                        os.sync(folder.snapshots());
                        if (whole) {
                            os.sync(home);
                        }
                    });
            // The second name was lost, as a loss of power can do on btrfs; the snapshot was not.
            if (e instanceof OsException os2 && os2.is(OsException.EEXIST)) {
                return lookup.existing(os, spec, home).orElseThrow(() -> os2);
            }
            throw e;
        }
    }

    private void fill(Native os, Fd from, Fd to, boolean leased)
            throws OsException, InterruptedException {
        switch (folder.method()) {
            case REFLINK -> os.clone(from, to);
            case COPY -> Content.copy(os, from, to, leased, !folder.clones());
            case AUTO -> throw new IllegalStateException("no method was chosen");
        }
    }

    /**
     * Makes a file durable before it gets its lasting name. Where changes are durable in order, the
     * sync after the naming does; a clone wrote its source's data to disk already.
     */
    private void syncContent(Native os, Fd file, boolean filled) throws OsException {
        if (!folder.ordered() || (filled && folder.method() == Method.COPY)) {
            os.sync(file);
        }
    }

    /** Durably, or the half made would come back with the power after the failure was known. */
    private static void undo(Exception failure, Undoing undoing) {
        try {
            undoing.run();
        } catch (OsException e) {
            failure.addSuppressed(e);
        }
    }

    private interface Undoing {
        void run() throws OsException;
    }
}
