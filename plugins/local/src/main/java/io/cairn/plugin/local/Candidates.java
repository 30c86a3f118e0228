package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The files directly in a backend's folder that are not Cairn's, and may become volumes. */
public final class Candidates {
    private static final String PLAIN = "[A-Za-z0-9_][\\x20-\\x2e\\x30-\\x7e]{0,199}";
    private static final String NAME = "[a-z0-9._-]{1,63}";
    private static final int MAGIC_BYTES = 8;

    private final BackendFolder folder;
    private final Predicate<String> own;
    private final Form form;

    /** What the files of a driver's volumes are. */
    public interface Form {
        /**
         * How large a volume a file would be.
         *
         * @throws OsException UNSUPPORTED if it can be none, saying why
         */
        long sizeBytes(Native os, Fd file) throws OsException;

        /** Who uses a file that could be one, for the operator; empty if nobody does. */
        String use(Native os, String name, Fd file) throws OsException, IOException;

        /** What its name ends with once it is given up. */
        String end();
    }

    /**
     * Those of one folder, which are images without any form.
     *
     * @param own whether a name is the driver's own
     */
    public Candidates(BackendFolder folder, Predicate<String> own, Uses uses) {
        this(folder, own, new Raw(uses));
    }

    /** Those of one folder that have a form. */
    public Candidates(BackendFolder folder, Predicate<String> own, Form form) {
        this.folder = folder;
        this.own = own;
        this.form = form;
    }

    private record Raw(Uses uses) implements Form {
        @Override
        public long sizeBytes(Native os, Fd file) throws OsException {
            checkRaw(os, file);
            return os.size(file);
        }

        @Override
        public String use(Native os, String name, Fd file) throws OsException, IOException {
            uses.checkUnattached(os, name, file);
            return Leases.staysWritten(os, file)
                    ? "it is open for writing, or not the daemon's user's"
                    : "";
        }

        @Override
        public String end() {
            return ".img";
        }
    }

    /** All of them in the order of their names, with what is in the way of each. */
    public List<Unmanaged> list(Native os) throws OsException, IOException {
        folder.checkStillThere();
        List<Unmanaged> found = new ArrayList<>();
        for (String name : Entries.names(folder.path()).stream().sorted().toList()) {
            if (!own.test(name)) {
                look(os, name).ifPresent(found::add);
            }
        }
        return found;
    }

    /**
     * What a volume becomes that is given up under this name.
     *
     * @throws OsException INVALID if it is no name
     */
    public String released(String name, VolumeId id) throws OsException {
        if (!name.matches(NAME)) {
            throw new OsException(
                    INVALID,
                    "'%s' is no name: lower-case letters, digits and . _ -, at most 63"
                            .formatted(name));
        }
        return name + end(id);
    }

    /**
     * What a volume became that is there no longer.
     *
     * @throws OsException NOT_FOUND if there is nothing that it became
     */
    public String released(VolumeId id) throws OsException, IOException {
        folder.checkStillThere();
        return Entries.names(folder.path()).stream()
                .filter(name -> name.endsWith(end(id)))
                .findFirst()
                .orElseThrow(
                        () ->
                                new OsException(
                                        NOT_FOUND,
                                        "there is no such volume, and no %s/NAME%s that it became"
                                                .formatted(folder.path(), end(id))));
    }

    private String end(VolumeId id) {
        return "-%s%s".formatted(id, form.end());
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
        long sizeBytes = stat.sizeBytes();
        String obstacle;
        try (Fd file = open(os, plain(name))) {
            sizeBytes = form.sizeBytes(os, file);
            obstacle = form.use(os, name, file);
        } catch (OsException | IOException e) {
            obstacle = String.valueOf(e.getMessage());
        }
        return Optional.of(new Unmanaged(name, sizeBytes, obstacle));
    }

    /**
     * The name of a file that may be adopted, by its path.
     *
     * @throws OsException INVALID if it is none
     */
    public String plain(String path) throws OsException {
        String inFolder = folder.path() + "/";
        String name = path.startsWith(inFolder) ? path.substring(inFolder.length()) : path;
        if (!name.matches(PLAIN) || own.test(name)) {
            throw new OsException(
                    INVALID,
                    "only files directly in %s can be adopted, by names of at most 200 ASCII characters that begin with a letter or digit"
                            .formatted(folder.path()));
        }
        return name;
    }

    /**
     * Opens a file that can become a volume.
     *
     * @throws OsException UNSUPPORTED if it cannot, saying why; NOT_FOUND; IN_USE
     */
    public Fd open(Native os, String name) throws OsException {
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
            long _ = form.sizeBytes(os, file);
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
    }

    private static void checkRaw(Native os, Fd file) throws OsException {
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
