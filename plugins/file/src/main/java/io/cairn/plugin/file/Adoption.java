package io.cairn.plugin.file;

import static io.cairn.plugin.file.Lookup.IMAGE;
import static io.cairn.plugin.file.Lookup.NEW_IMAGE;
import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Leases;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.plugin.local.Stat;
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
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Files that lie directly in the backend's folder, and how they become volumes and files again. */
final class Adoption implements Adopting {
    private static final String PLAIN = "[A-Za-z0-9_][\\x20-\\x2e\\x30-\\x7e]{0,199}";
    private static final String RELEASED = "[a-z0-9._-]{1,63}";
    private static final int MAGIC_BYTES = 8;

    private final Calls calls;
    private final Folder folder;
    private final Lookup lookup;
    private final Uses uses;

    Adoption(Calls calls, Folder folder, Lookup lookup, Uses uses) {
        this.calls = calls;
        this.folder = folder;
        this.lookup = lookup;
        this.uses = uses;
    }

    @Override
    public List<Unmanaged> unmanaged() throws DriverException, InterruptedException {
        return calls.call(
                "list the files in " + folder.path(),
                os -> {
                    folder.base().checkStillThere();
                    List<Unmanaged> found = new ArrayList<>();
                    for (String name : Entries.names(folder.path()).stream().sorted().toList()) {
                        if (!Folder.isOwn(name)) {
                            look(os, name).ifPresent(found::add);
                        }
                    }
                    return found;
                });
    }

    @Override
    public BackendVolume adopt(String path, VolumeId id, Mark mark)
            throws DriverException, InterruptedException {
        return calls.call(
                "adopt '%s' as volume %s".formatted(path, id),
                os -> {
                    String name = plain(path);
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
                    if (!name.matches(RELEASED)) {
                        throw new OsException(
                                INVALID,
                                "'%s' is no name: lower-case letters, digits and . _ -, at most 63"
                                        .formatted(name));
                    }
                    String wanted = "%s-%s.img".formatted(name, id);
                    try (Fd home = lookup.home(os, id);
                            Fd image = lookup.file(os, home, IMAGE)) {
                        if (home != null && image != null) {
                            lookup.checkAlone(home);
                            uses.checkUnused(os, Target.of(id), image);
                            give(os, home, wanted);
                            return finish(os, id, home, wanted);
                        }
                        return finish(os, id, home, released(id));
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
        try (Fd file = candidate(os, name)) {
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

    private String released(VolumeId id) throws OsException, IOException {
        folder.base().checkStillThere();
        String end = "-%s.img".formatted(id);
        return Entries.names(folder.path()).stream()
                .filter(name -> name.endsWith(end))
                .findFirst()
                .orElseThrow(
                        () ->
                                new OsException(
                                        NOT_FOUND,
                                        "there is no such volume, and no %s/NAME%s that it became"
                                                .formatted(folder.path(), end)));
    }

    /** Empty if it could never be a volume, such as a folder. */
    private Optional<Unmanaged> look(Native os, String name) throws OsException {
        Stat stat;
        try {
            stat = os.stat(folder.root(), name);
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                // Gone since it was listed, or with a name that is no text.
                return Optional.empty();
            }
            throw e;
        }
        if (!stat.regular() && !stat.symbolicLink()) {
            return Optional.empty();
        }
        String obstacle = "";
        try (Fd file = candidate(os, plain(name))) {
            uses.checkUnattached(os, name, file);
            if (Leases.staysWritten(os, file)) {
                obstacle = "it is open for writing, or not the daemon's user's";
            }
        } catch (OsException | IOException e) {
            obstacle = String.valueOf(e.getMessage());
        }
        return Optional.of(new Unmanaged(name, stat.sizeBytes(), obstacle));
    }

    private String plain(String path) throws OsException {
        String inFolder = folder.path() + "/";
        String name = path.startsWith(inFolder) ? path.substring(inFolder.length()) : path;
        if (!name.matches(PLAIN) || Folder.isOwn(name)) {
            throw new OsException(
                    INVALID,
                    "only files directly in %s can be adopted, by names of at most 200 ASCII characters that begin with a letter or digit"
                            .formatted(folder.path()));
        }
        return name;
    }

    /** Opens a file that can become a volume. */
    private Fd candidate(Native os, String name) throws OsException {
        Stat stat;
        try {
            stat = os.stat(folder.root(), name);
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                throw new OsException(
                        NOT_FOUND, "there is no such file in %s".formatted(folder.path()));
            }
            throw e;
        }
        if (!stat.regular()) {
            throw new OsException(
                    UNSUPPORTED,
                    stat.symbolicLink()
                            ? "it is a symbolic link; move the file itself here"
                            : "it is no regular file");
        }
        Fd file = os.open(folder.root(), name, Native.O_RDONLY);
        try {
            check(os, file, stat);
            return file;
        } catch (OsException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static void check(Native os, Fd file, Stat named) throws OsException {
        Stat stat = os.stat(file);
        if (!stat.sameFile(named)) {
            throw new OsException(IN_USE, "it was replaced by another file just now");
        }
        if (stat.links() != 1) {
            throw new OsException(
                    UNSUPPORTED,
                    "it has %d names (hard links); copy it, or remove the others"
                            .formatted(stat.links()));
        }
        if (stat.sizeBytes() == 0) {
            throw new OsException(UNSUPPORTED, "it is empty");
        }
        MemorySegment begin = os.buffer(MAGIC_BYTES);
        long length = os.read(file, begin, MAGIC_BYTES, 0);
        String magic =
                new String(begin.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), ISO_8859_1);
        String format =
                magic.startsWith("QFI\u00fb")
                        ? "qcow2"
                        : magic.startsWith("KDMV")
                                ? "vmdk"
                                : magic.equals("vhdxfile") ? "vhdx" : "";
        if (!format.isEmpty()) {
            throw new OsException(
                    UNSUPPORTED,
                    "it is a %s image, and volumes are raw: convert it with `qemu-img convert -O raw`"
                            .formatted(format));
        }
    }
}
