package io.cairn.plugin.btrfs;

import static io.cairn.plugin.btrfs.Lookup.FILE;
import static io.cairn.plugin.btrfs.Lookup.NEW_VOLUME;
import static io.cairn.plugin.btrfs.Lookup.RELEASED;
import static io.cairn.plugin.btrfs.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.CONFLICT;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Candidates;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.plugin.local.Uses;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Target;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Files that lie directly in the backend's folder, and how they become volumes and files again. No
 * file moves into another subvolume, so its content is cloned there, and the file itself waits in
 * the volume's folder until that is durable.
 */
final class Adoption implements Adopting {
    private static final int CREATE = Native.O_RDWR | Native.O_CREAT | Native.O_EXCL;

    private final Calls calls;
    private final BackendFolder folder;
    private final Lookup lookup;
    private final Creation creation;
    private final Uses uses;
    private final Candidates candidates;
    private final ReentrantLock turn = new ReentrantLock();

    Adoption(Calls calls, BackendFolder folder, Lookup lookup, Creation creation, Uses uses) {
        this.calls = calls;
        this.folder = folder;
        this.lookup = lookup;
        this.creation = creation;
        this.uses = uses;
        this.candidates = new Candidates(folder, Fitness::isOwn, uses);
    }

    @Override
    public List<Unmanaged> unmanaged() throws DriverException, InterruptedException {
        return calls.call("list the files in " + folder.path(), candidates::list);
    }

    @Override
    public BackendVolume adopt(String path, VolumeId id, Mark mark)
            throws DriverException, InterruptedException {
        return calls.call(
                "adopt '%s' as volume %s".formatted(path, id),
                os -> {
                    String name = candidates.plain(path);
                    // One after another, since two could be of one file.
                    turn.lockInterruptibly();
                    try (Fd home = lookup.home(os, id);
                            Fd image = lookup.image(os, home, VOLUME)) {
                        if (home != null && image != null) {
                            again(os, name, id, mark, home, image);
                        } else {
                            make(os, name, id, mark);
                        }
                    } finally {
                        turn.unlock();
                    }
                    return lookup.volume(os, id).orElseThrow();
                });
    }

    @Override
    public String release(VolumeId id, String name) throws DriverException, InterruptedException {
        return calls.call(
                "release volume " + id,
                os -> {
                    String wanted = candidates.released(name, id);
                    try (Fd home = lookup.home(os, id);
                            Fd image = lookup.image(os, home, VOLUME)) {
                        if (home != null && image != null) {
                            lookup.checkAlone(home);
                            uses.checkUnused(os, Target.of(id), image);
                            give(os, id, home, image, wanted);
                            return finish(os, id, home, wanted);
                        }
                        return finish(os, id, home, candidates.released(id));
                    }
                });
    }

    /** Ends what a call began that made the volume; nobody was told of that. */
    private void again(Native os, String name, VolumeId id, Mark mark, Fd home, Fd image)
            throws OsException, InterruptedException, IOException {
        Label label = os.label(image);
        Entries.checkMark(label.mark(), mark);
        checkSource(label, name);
        try (Fd file = lookup.becoming(os, id, name)) {
            if (file == null) {
                Entries.settle(os, image, home, folder.volumes(), folder.root());
                return;
            }
            try {
                uses.checkUnused(os, Target.of(id), image);
                checkUnused(os, name, file);
                // Anew, since it may have been written to while it lay there.
                creation.replace(os, home, label, os.size(file), Creation.Content.ofFile(file));
            } catch (OsException e) {
                // There is a volume, whatever cannot be done about it now.
                throw e.withUnknownOutcome();
            }
            remove(os, name, file);
        }
    }

    private void checkUnused(Native os, String name, Fd file) throws OsException, IOException {
        uses.checkUnattached(os, name, file);
        uses.checkUnwritten(os, file);
    }

    private static void checkSource(Label label, String name) throws OsException {
        if (!label.source().equals(Optional.of(new Source.OfFile(name)))) {
            throw new OsException(
                    CONFLICT,
                    "it exists, made from "
                            + label.source().map(Object::toString).orElse("nothing"));
        }
    }

    /** It is a file until it is a volume, whenever a call is killed. */
    private void make(Native os, String name, VolumeId id, Mark mark)
            throws OsException, IOException {
        try (Fd file = candidates.open(os, name)) {
            checkUnused(os, name, file);
            os.makeFolder(folder.volumes(), id.toString(), 0700);
            try (Fd home = os.open(folder.volumes(), id.toString(), Native.O_RDONLY)) {
                Optional<Source> source = Optional.of(new Source.OfFile(name));
                Label label = new Label(id.toString(), mark, Optional.empty(), source);
                try {
                    // In this order, for a deletion to find what it has to let go.
                    os.setAttribute(home, FILE, name.getBytes(UTF_8));
                    os.sync(home);
                    os.setLabel(file, label);
                    os.sync(file);
                    Creation.Content content = Creation.Content.ofFile(file);
                    creation.finish(os, home, label, os.size(file), content);
                } catch (OsException e) {
                    undo(
                            e,
                            () -> {
                                Subvolumes.destroy(os, home, NEW_VOLUME);
                                Subvolumes.destroy(os, home, VOLUME);
                                os.sync(home);
                                forget(os, file, id);
                            });
                    throw e;
                }
            }
            remove(os, name, file);
        }
    }

    /** What somebody else moved to its name meanwhile stays. */
    private void remove(Native os, String name, Fd file) throws OsException {
        try {
            if (os.stat(folder.root(), name).sameFile(os.stat(file))) {
                os.remove(folder.root(), name, 0);
            }
            os.sync(folder.root());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private void forget(Native os, Fd file, VolumeId id) throws OsException {
        os.removeLabel(file);
        os.sync(file);
        os.remove(folder.volumes(), id.toString(), Native.AT_REMOVEDIR);
        os.sync(folder.volumes());
    }

    private void give(Native os, VolumeId id, Fd home, Fd image, String name) throws OsException {
        os.remove(home, RELEASED, 0);
        try (Fd file = os.open(home, RELEASED, CREATE, 0600)) {
            Creation.clone(os, image, file);
            // Until the volume is gone, for who finds both to know that they are one. Without a
            // source, or it could be taken for what the volume is being made of.
            Mark mark = os.label(image).mark();
            os.setLabel(file, new Label(id.toString(), mark, Optional.empty(), Optional.empty()));
            os.sync(file);
            clear(os, id, name);
            os.move(home, RELEASED, folder.root(), name);
        } catch (OsException e) {
            undo(e, () -> os.remove(home, RELEASED, 0));
            if (e.is(OsException.EEXIST)) {
                throw new OsException(
                        CONFLICT,
                        "%s/%s is there already; move it away".formatted(folder.path(), name));
            }
            throw e;
        }
        try {
            os.sync(folder.root());
            os.sync(home);
            Subvolumes.destroy(os, home, VOLUME);
            os.sync(home);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** What a call that was killed made of the volume, which may have been written since. */
    private void clear(Native os, VolumeId id, String name) throws OsException {
        try (Fd there = os.openIfThere(folder.root(), name)) {
            if (there != null && os.label(there).id().equals(id.toString())) {
                os.remove(folder.root(), name, 0);
            }
        }
    }

    /** Does what is left once the file has its new place and the volume is gone. */
    private String finish(Native os, VolumeId id, @Nullable Fd home, String name)
            throws OsException {
        try (Fd file = os.open(folder.root(), name, Native.O_RDONLY)) {
            os.sync(folder.root());
            os.removeLabel(file);
            os.sync(file);
            if (home != null) {
                Subvolumes.destroy(os, home, NEW_VOLUME);
                os.remove(home, RELEASED, 0);
                os.sync(home);
                os.remove(folder.volumes(), id.toString(), Native.AT_REMOVEDIR);
            }
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
        return name;
    }

    private static void undo(OsException failure, Creation.Undoing undoing) {
        try {
            undoing.run();
        } catch (OsException e) {
            failure.addSuppressed(e);
        }
    }
}
