package io.cairn.plugin.file;

import static io.cairn.plugin.file.Lookup.IMAGE;
import static io.cairn.plugin.file.Lookup.NEW_IMAGE;
import static io.cairn.spi.DriverException.Kind.CONFLICT;

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

/** Files that lie directly in the backend's folder, and how they become volumes and files again. */
final class Adoption implements Adopting {
    private final Calls calls;
    private final Folder folder;
    private final Lookup lookup;
    private final Uses uses;
    private final Candidates candidates;

    Adoption(Calls calls, Folder folder, Lookup lookup, Uses uses) {
        this.calls = calls;
        this.folder = folder;
        this.lookup = lookup;
        this.uses = uses;
        this.candidates = new Candidates(folder.base(), Folder::isOwn, uses);
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
                    try (Fd home = lookup.home(os, id);
                            Fd image = lookup.file(os, home, IMAGE)) {
                        if (home != null && image != null) {
                            return existing(os, name, id, mark, home, image);
                        }
                    }
                    take(os, name, id, mark);
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
                            Fd image = lookup.file(os, home, IMAGE)) {
                        if (home != null && image != null) {
                            lookup.checkAlone(home);
                            uses.checkUnused(os, Target.of(id), image);
                            give(os, home, wanted);
                            return finish(os, id, home, wanted);
                        }
                        return finish(os, id, home, candidates.released(id));
                    }
                });
    }

    private BackendVolume existing(
            Native os, String name, VolumeId id, Mark mark, Fd home, Fd image) throws OsException {
        Entries.checkMark(os.label(image).mark(), mark);
        Optional<Source> source = os.label(image).source();
        if (!source.equals(Optional.of(new Source.OfFile(name)))) {
            throw new OsException(
                    CONFLICT,
                    "it exists, made from " + source.map(Object::toString).orElse("nothing"));
        }
        Entries.settle(os, image, home, folder.volumes(), folder.root());
        return lookup.asFound(os, id, image);
    }

    private void take(Native os, String name, VolumeId id, Mark mark)
            throws OsException, IOException {
        try (Fd file = candidates.open(os, name)) {
            uses.checkUnattached(os, name, file);
            uses.checkUnwritten(os, file);
            os.makeFolder(folder.volumes(), id.toString(), 0700);
            try (Fd home = os.open(folder.volumes(), id.toString(), Native.O_RDONLY)) {
                try {
                    os.remove(home, NEW_IMAGE, 0);
                    Optional<Source> source = Optional.of(new Source.OfFile(name));
                    // Before it moves: what is in the folder of a volume is whole.
                    os.setLabel(file, new Label(id.toString(), mark, Optional.empty(), source));
                    os.sync(file);
                    os.move(folder.root(), name, home, IMAGE);
                } catch (OsException e) {
                    undo(os, e, file, id);
                    throw e;
                }
                try {
                    os.sync(home);
                    os.sync(folder.volumes());
                    os.sync(folder.root());
                } catch (OsException e) {
                    throw e.withUnknownOutcome();
                }
            }
        }
    }

    private void undo(Native os, OsException failure, Fd file, VolumeId id) {
        try {
            os.removeLabel(file);
            os.remove(folder.volumes(), id.toString(), Native.AT_REMOVEDIR);
            os.sync(folder.volumes());
        } catch (OsException e) {
            failure.addSuppressed(e);
        }
    }

    private void give(Native os, Fd home, String name) throws OsException {
        try {
            os.move(home, IMAGE, folder.root(), name);
        } catch (OsException e) {
            if (e.is(OsException.EEXIST)) {
                throw new OsException(
                        CONFLICT,
                        "%s/%s is there already; move it away".formatted(folder.path(), name));
            }
            throw e;
        }
    }

    /** Does what is left once the file has its new place. */
    private String finish(Native os, VolumeId id, @Nullable Fd home, String name)
            throws OsException {
        try (Fd file = os.open(folder.root(), name, Native.O_RDONLY)) {
            os.sync(folder.root());
            // Only now, so that at no time there is a volume without its label.
            os.removeLabel(file);
            os.sync(file);
            if (home != null) {
                os.remove(home, NEW_IMAGE, 0);
                os.remove(folder.volumes(), id.toString(), Native.AT_REMOVEDIR);
            }
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
        return name;
    }
}
