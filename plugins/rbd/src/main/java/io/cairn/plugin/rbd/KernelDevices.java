package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Block devices that the kernel's own client of Ceph makes of images, by its files in sysfs ({@code
 * Documentation/ABI/testing/sysfs-bus-rbd}). They outlive the daemon. The kernel is one more client
 * of the cluster's: it lets go of an image's exclusive lock for whoever cuts a snapshot, and sees
 * by itself that an image has become larger.
 */
final class KernelDevices {
    private static final Path BUS = Path.of("/sys/bus/rbd");
    private static final Path DEVICES = BUS.resolve("devices");

    /** What the kernel calls an image itself, where a snapshot's name could be. */
    private static final String HEAD = "-";

    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    private final Cluster cluster;

    KernelDevices(Cluster cluster) {
        this.cluster = cluster;
    }

    /**
     * A device.
     *
     * @param number by which the kernel knows it
     */
    record Device(int number, boolean readOnly, long sizeBytes) {
        String path() {
            return "/dev/rbd" + number;
        }
    }

    /** What is missing for this process to make any, and how it is had; empty if nothing is. */
    static Optional<String> lack() {
        if (!Files.isDirectory(BUS)) {
            return Optional.of("the kernel's driver for RBD is not loaded: `modprobe rbd`");
        }
        return Files.isWritable(asked("add"))
                ? Optional.empty()
                : Optional.of("the kernel's driver for RBD is not for this user: run as root");
    }

    /** Kernels since 3.14 have one major number for all devices, or else one for each. */
    private static Path asked(String what) {
        Path single = BUS.resolve(what + "_single_major");
        return Files.exists(single) ? single : BUS.resolve(what);
    }

    /** The device of a target, if there is one on this host. */
    Optional<Device> of(Target target) throws OsException, IOException {
        if (!Files.isDirectory(DEVICES)) {
            return Optional.empty();
        }
        for (String number : Entries.names(DEVICES)) {
            try {
                if (shows(DEVICES.resolve(number), target)) {
                    return Optional.of(device(number));
                }
            } catch (NoSuchFileException e) {
                // It was taken away meanwhile, or it is not there whole yet.
            } catch (IOException e) {
                if (Files.exists(DEVICES.resolve(number))) {
                    throw e;
                }
            }
        }
        return Optional.empty();
    }

    private boolean shows(Path device, Target target) throws OsException, IOException {
        Cluster.Address address = cluster.address();
        return said(device, "name").equals(Names.image(target.volume()))
                && said(device, "current_snap").equals(snapshot(target))
                && said(device, "pool").equals(address.pool())
                && said(device, "pool_ns").equals(address.namespace().orElse(""))
                && said(device, "cluster_fsid").equals(cluster.fsid());
    }

    private static String said(Path device, String what) throws IOException {
        return Files.readString(device.resolve(what)).strip();
    }

    private static Device device(String number) throws IOException {
        Path block = Path.of("/sys/block", "rbd" + number);
        return new Device(
                Integer.parseInt(number),
                said(block, "ro").equals("1"),
                Long.parseLong(said(DEVICES.resolve(number), "size")));
    }

    private static String snapshot(Target target) {
        return target.snapshot().map(Object::toString).orElse(HEAD);
    }

    /**
     * Makes one; there must be none.
     *
     * @throws OsException UNSUPPORTED if the kernel does not take such an image
     */
    Device make(Native os, Target target, boolean readOnly)
            throws OsException, InterruptedException, IOException {
        String what = "have the kernel make a device of " + cluster.address().of(name(target));
        try (KernelClient client = KernelClient.of(cluster)) {
            String line =
                    "%s %s%s %s %s %s"
                            .formatted(
                                    client.monitors(),
                                    client.options(),
                                    readOnly ? ",ro" : "",
                                    cluster.address().pool(),
                                    Names.image(target.volume()),
                                    snapshot(target));
            tell(os, asked("add"), line);
        } catch (OsException e) {
            throw refused(e, what);
        }
        Device made =
                of(target)
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                FAULT,
                                                "the kernel says that it made a device, and shows none in "
                                                        + DEVICES));
        if (!Files.exists(Path.of(made.path()))) {
            remove(os, target);
            throw new OsException(
                    FAULT,
                    "the kernel made device %d, and %s is missing; is /dev a devtmpfs here?"
                            .formatted(made.number(), made.path()));
        }
        return made;
    }

    private static String name(Target target) {
        return Names.image(target.volume())
                + target.snapshot().map(snapshot -> "@" + snapshot).orElse("");
    }

    private static OsException refused(OsException e, String what) {
        DriverException.Kind kind;
        String more = "";
        if (e.is(OsException.ENOENT)) {
            kind = NOT_FOUND;
        } else if (e.is(OsException.EACCES) || e.is(OsException.EPERM)) {
            kind = UNSUPPORTED;
            more = "; the cluster does not let the user do it, by the key that it gave the kernel";
        } else if (e.isLacking() || e.is(OsException.ENXIO)) {
            kind = UNSUPPORTED;
            more =
                    "; its log says why (`dmesg`). Set '%s' to %s to attach without it"
                            .formatted(RbdDriverProvider.ATTACH_BY, AttachBy.NBD.word());
        } else if (e.told().kind() == FAULT) {
            kind = UNAVAILABLE;
            more = "; its log says more (`dmesg`)";
        } else {
            kind = e.told().kind();
        }
        OsException told =
                new OsException(kind, "cannot %s: %s%s".formatted(what, e.getMessage(), more));
        told.initCause(e);
        return told;
    }

    /**
     * Takes the device of a target away, if there is one.
     *
     * @throws OsException IN_USE if somebody has it open for longer than udev looks at what was
     *     written
     */
    void remove(Native os, Target target) throws OsException, InterruptedException, IOException {
        for (int left = TRIES; ; left--) {
            Optional<Device> device = of(target);
            if (device.isEmpty()) {
                return;
            }
            try {
                tell(os, asked("remove"), Integer.toString(device.get().number()));
            } catch (OsException e) {
                if (e.is(OsException.EBUSY) && left == 1) {
                    String path = device.get().path();
                    throw new OsException(
                            IN_USE,
                            "%s is open; see `lsblk %s` and `fuser -v %s`"
                                    .formatted(path, path, path));
                }
                if (left == 1 || !(e.is(OsException.EBUSY) || e.is(OsException.ENOENT))) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    /** Brings what was written to a volume's device to the cluster, if there is one. */
    void flush(Native os, VolumeId volume) throws OsException, IOException {
        Optional<Device> device = of(Target.of(volume));
        if (device.isPresent() && !device.get().readOnly()) {
            try (Fd open = os.open(device.get().path(), Native.O_RDONLY)) {
                os.sync(open);
            }
        }
    }

    /** Has the device of a volume be as large as its image by now, if there is one. */
    void grown(Native os, VolumeId volume) throws OsException, IOException {
        Optional<Device> device = of(Target.of(volume));
        if (device.isPresent()) {
            tell(
                    os,
                    DEVICES.resolve(Integer.toString(device.get().number())).resolve("refresh"),
                    "1");
        }
    }

    /** In one write, as the kernel wants it. */
    private static void tell(Native os, Path file, String line) throws OsException {
        byte[] bytes = line.getBytes(UTF_8);
        MemorySegment words = os.buffer(bytes.length);
        MemorySegment.copy(bytes, 0, words, ValueLayout.JAVA_BYTE, 0, bytes.length);
        try (Fd open = os.open(file.toString(), Native.O_WRONLY)) {
            long _ = os.write(open, words, bytes.length, 0);
        }
    }
}
