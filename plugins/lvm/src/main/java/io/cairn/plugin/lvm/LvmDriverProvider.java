package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Leases;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Offerings;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/** Offers the LVM driver to the daemon. */
public final class LvmDriverProvider implements DriverProvider {
    static final String GROUP = "group";
    static final String POOL = "pool";
    static final String DATA_MOST = "data.most";
    static final String METADATA_MOST = "metadata.most";
    static final String RESERVE = "snapshot.reserve";
    static final String EXTEND_AT = "snapshot.extend.at";
    static final String WIPE = "wipe";
    static final String LOCKS = "lock.directory";

    /** LVM's own rule, without what would not name a pool of Cairn's. */
    private static final String GROUP_NAME = "[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,126}";

    private static final String POOL_NAME = "[a-z0-9][a-z0-9._-]{0,62}";

    /** No pool is called so. */
    static final String NO_POOL = "(none)";

    private static final int ALL = 100;

    /** For a command that a daemon which was killed had begun. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration PAUSE = Duration.ofMillis(50);

    private static final List<Option> OPTIONS =
            List.of(
                    Option.required(GROUP, Option.Type.TEXT, "The volume group."),
                    Option.optional(
                            POOL,
                            Option.Type.TEXT,
                            NO_POOL,
                            "The thin pool in it, which becomes this backend's own; also the name"
                                    + " of the backend's one pool, so in lower-case letters, digits"
                                    + " and . _ -. Without it the backend makes plain volumes of"
                                    + " what is free in the group, whose name is then the pool's."),
                    Option.optional(
                            DATA_MOST,
                            Option.Type.INTEGER,
                            "95",
                            "How full the thin pool's space may be, in percent, for anything new to be"
                                    + " made. Who writes to a pool that is quite full gets errors."),
                    Option.optional(
                            METADATA_MOST,
                            Option.Type.INTEGER,
                            "90",
                            "The same for the thin pool's metadata, which a full pool may lose."),
                    Option.optional(
                            RESERVE,
                            Option.Type.INTEGER,
                            "100",
                            "Without a thin pool: how much of what it can ever need a snapshot takes"
                                    + " at once, in percent. Less is extended as the volume changes,"
                                    + " and a snapshot is lost if its volume changes faster or the"
                                    + " group is full."),
                    Option.optional(
                            EXTEND_AT,
                            Option.Type.INTEGER,
                            "50",
                            "How full of that, in percent, it is extended."),
                    Option.optional(
                                    WIPE,
                                    Option.Type.TEXT,
                                    "zero",
                                    "Without a thin pool: what becomes of what is deleted. New"
                                            + " volumes are zeroed whatever this is.")
                            .among("zero", "discard", "none"),
                    Option.optional(
                            LOCKS,
                            Option.Type.PATH,
                            "/run/lock",
                            "The folder for the two files by which no two daemons of this host use"
                                    + " one pool or group; not one that a restart of the host keeps."));

    @Override
    public String name() {
        return "lvm";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                Objects.requireNonNullElse(
                        getClass().getPackage().getImplementationVersion(), "unpackaged"),
                "Cairn",
                "Keeps volumes and snapshots as thin or plain volumes of LVM.",
                Stream.concat(OPTIONS.stream(), ExportOptions.ofDevices().stream()).toList());
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings)
            throws DriverException, InterruptedException {
        String group = settings.text(GROUP);
        String name = settings.text(POOL);
        boolean plain = name.equals(NO_POOL);
        String what =
                plain
                        ? "open backend '%s' in volume group %s".formatted(self.backend(), group)
                        : "open backend '%s' in thin pool %s/%s"
                                .formatted(self.backend(), group, name);
        ThinPool.Guard guard =
                new ThinPool.Guard(
                        percent(settings, DATA_MOST, what), percent(settings, METADATA_MOST, what));
        long reserve = percent(settings, RESERVE, what);
        long extendAt = percent(settings, EXTEND_AT, what);
        if (!group.matches(GROUP_NAME) || !(plain ? group : name).matches(POOL_NAME)) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: a volume group's name has letters, digits and + . _ -, and a pool's, or a group's that is used without one, lower-case letters, digits and . _ -"
                            .formatted(what));
        }
        String longest = DeviceMapper.name(group, Names.volume(VolumeId.random()));
        if (longest.length() > DeviceMapper.MOST_NAME) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: with that group's name its devices would have names of %d characters, and the kernel takes %d"
                            .formatted(what, longest.length(), DeviceMapper.MOST_NAME));
        }
        Path lvm = needed(Lvm.PROGRAM, "lvm2", what);
        Path flock = needed(Lvm.LOCKER, "util-linux", what);
        if (!plain) {
            needed(ThinTool.ONE, "thin-provisioning-tools", what);
        }
        String lock = "cairn-lvm:%s:%s".formatted(group, plain ? "" : name);
        String module = plain ? "dm_snapshot" : "dm_thin_pool";
        try (Native os = new Native()) {
            try (Fd _ = os.open(DeviceMapper.CONTROL, Native.O_RDWR)) {
                Files.createDirectories(settings.path(LOCKS));
            } catch (OsException e) {
                throw new OsException(
                        UNSUPPORTED,
                        "%s; the daemon must be root, and the kernel have dm_mod and %s (`modprobe %s`)"
                                .formatted(e.getMessage(), module, module));
            }
            Path folder =
                    settings.path(ExportOptions.DIRECTORY)
                            .resolve("lvm:%s:%s".formatted(group, name));
            Offerings offerings = ExportOptions.offerings(folder, settings);
            Fd held = lock(os, settings.path(LOCKS).resolve(lock));
            Lvm commands = null;
            try {
                Path running = settings.path(LOCKS).resolve(lock + ":running");
                awaitFree(os, running);
                commands = new Lvm(lvm, flock, running);
                Opening opening = new Opening(commands, group);
                if (plain) {
                    Wipe wipe = Wipe.valueOf(settings.text(WIPE).toUpperCase(Locale.ROOT));
                    return new PlainDriver(
                            opening.plain(os, self, reserve, extendAt, offerings), wipe, held);
                }
                return new LvmDriver(opening.thin(os, self, name, guard), held, offerings);
            } catch (OsException | IOException | InterruptedException | RuntimeException e) {
                if (commands != null) {
                    commands.close();
                }
                held.close();
                throw e;
            }
        } catch (OsException e) {
            throw e.during(what);
        } catch (IOException e) {
            throw new DriverException(UNAVAILABLE, "cannot %s: %s".formatted(what, e), e);
        }
    }

    private static long percent(Settings settings, String option, String what)
            throws DriverException {
        long percent = settings.integer(option);
        if (percent < 1 || percent > ALL) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: setting '%s' is %d; it is a percentage from 1 to 100"
                            .formatted(what, option, percent));
        }
        return percent;
    }

    private static Path needed(String program, String bearing, String what) throws DriverException {
        return Lvm.installed(program)
                .orElseThrow(
                        () ->
                                new DriverException(
                                        UNSUPPORTED,
                                        "cannot %s: the program %s is missing; install %s"
                                                .formatted(what, program, bearing)));
    }

    private static Fd lock(Native os, Path file) throws OsException {
        Fd open = os.open(file.toString(), Native.O_RDWR | Native.O_CREAT);
        try {
            Leases.lock(os, open);
            return open;
        } catch (OsException e) {
            open.close();
            if (e.is(OsException.EAGAIN)) {
                throw new OsException(
                        UNAVAILABLE,
                        "it is open already, here or in another process; stop that one first");
            }
            throw e;
        }
    }

    /** Waits for the command that a daemon had begun which was killed. */
    private static void awaitFree(Native os, Path file) throws OsException, InterruptedException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try (Fd _ = lock(os, file)) {
                return;
            } catch (OsException e) {
                if (e.told().kind() != UNAVAILABLE) {
                    throw e;
                }
                if (System.nanoTime() > until) {
                    throw new OsException(
                            UNAVAILABLE,
                            "a command of LVM's that an earlier daemon began still runs; see `fuser %s`"
                                    .formatted(file));
                }
            }
            Thread.sleep(PAUSE.toMillis());
        }
    }
}
