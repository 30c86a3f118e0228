package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.Opening;
import io.cairn.plugin.local.qemu.Served;
import io.cairn.plugin.local.qemu.StorageDaemon;
import io.cairn.plugin.local.qemu.StorageDaemons;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Storage daemons that have images open, by clients of Ceph of their own: they write on while this
 * one is gone, or is shut out. A volume is open for changes, so that others see that it is used; a
 * snapshot is not.
 */
final class Serving {
    /** Also what QEMU calls its driver. */
    static final String RBD = "rbd";

    private final Cluster cluster;
    private final Lookup lookup;
    private final Reverts reverts;
    private final KernelDevices kernel;
    private final StorageDaemons daemons;
    private final Served served;

    Serving(
            Cluster cluster,
            Lookup lookup,
            Reverts reverts,
            KernelDevices kernel,
            StorageDaemons daemons) {
        this.cluster = cluster;
        this.lookup = lookup;
        this.reverts = reverts;
        this.kernel = kernel;
        this.daemons = daemons;
        this.served = new Served(daemons, new Nothing());
    }

    /** Where nobody uses an image any more, there is nothing else to be done. */
    private record Nothing() implements Served.Ending {
        @Override
        public void before(Native os, StorageDaemon daemon) {}

        @Override
        public void after() {}
    }

    Served served() {
        return served;
    }

    /** As {@link Served.Starting#started}. */
    StorageDaemon started(Target target) throws OsException, InterruptedException, IOException {
        checkThere(target);
        Optional<StorageDaemon> there = daemons.of(target);
        return there.isPresent()
                ? there.get()
                : daemons.start(target, new Opening(List.of(), List.of(node(target))));
    }

    /**
     * Has a target be whole that is about to be used.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    void checkThere(Target target) throws OsException, InterruptedException, IOException {
        VolumeId volume = target.volume();
        Card _ = reverts.settled(volume, lookup.existingCard(volume));
        try (Image image = Image.openToRead(cluster, Names.image(volume))) {
            if (target.snapshot().isPresent()) {
                Image.Snap _ = lookup.existing(image, target.snapshot().get());
            }
        }
    }

    /** What to open, by the words of QEMU; where the key is, only the configuration says. */
    private Map<String, Object> node(Target target) {
        Map<String, Object> node = node(cluster.address(), Names.image(target.volume()));
        target.snapshot().ifPresent(snapshot -> node.put("snapshot", snapshot.toString()));
        node.put("read-only", target.fixed());
        return node;
    }

    private static Map<String, Object> node(Cluster.Address address, String image) {
        Map<String, Object> node = new LinkedHashMap<>();
        node.put("driver", RBD);
        node.put("node-name", StorageDaemon.DISK);
        node.put("pool", address.pool());
        address.namespace().ifPresent(namespace -> node.put("namespace", namespace));
        node.put("image", image);
        node.put("conf", address.conf().toString());
        node.put("user", address.user());
        node.put("discard", "unmap");
        return node;
    }

    /** What is missing for any of it, and how it is had; empty if nothing is. */
    static Optional<String> lack(StorageDaemons daemons, Cluster.Address address)
            throws IOException {
        Map<String, Object> node = node(address, "none");
        node.put("conf", "/nonexistent");
        return daemons.lack(node, "qemu-block-extra");
    }

    /** Whether a target is attached or exported by NBD for writing. */
    boolean isWritten(Target target) throws OsException, InterruptedException, IOException {
        return isServedForWriting(target) || isKernelsForWriting(target);
    }

    /** The same of what storage daemons serve. */
    boolean isServedForWriting(Target target)
            throws OsException, InterruptedException, IOException {
        Optional<StorageDaemon> daemon = served.of(target);
        return daemon.isPresent() && daemon.get().anyWritable();
    }

    /** The same of what is a device of the kernel's. */
    boolean isKernelsForWriting(Target target) throws OsException, IOException {
        return kernel.of(target).filter(device -> !device.readOnly()).isPresent();
    }

    /** Brings what was written to a volume's block device to Ceph's client, or further. */
    void flush(VolumeId volume) throws OsException, InterruptedException, IOException {
        try (Native os = new Native()) {
            served.flush(os, Target.of(volume));
            kernel.flush(os, volume);
        }
    }

    /**
     * @throws OsException IN_USE if a target is attached, or exported by NBD
     */
    void check(Target target) throws OsException, InterruptedException, IOException {
        Optional<KernelDevices.Device> device = kernel.of(target);
        if (device.isPresent()) {
            throw new OsException(
                    IN_USE, "it is attached as %s; detach it first".formatted(device.get().path()));
        }
        checkNotServed(target);
    }

    private void checkNotServed(Target target)
            throws OsException, InterruptedException, IOException {
        try (Native os = new Native()) {
            served.checkNot(os, target);
        }
    }

    /**
     * @throws OsException IN_USE if who uses a volume would not see that it is larger
     */
    void checkGrowable(VolumeId volume) throws OsException, InterruptedException, IOException {
        try {
            checkNotServed(Target.of(volume));
        } catch (OsException e) {
            if (e.told().kind() != IN_USE) {
                throw e;
            }
            OsException told =
                    new OsException(
                            IN_USE,
                            "%s; who uses it would not see that it is larger"
                                    .formatted(e.getMessage()));
            told.initCause(e);
            throw told;
        }
    }

    /** Has who uses a volume see that it is larger. */
    void grown(VolumeId volume) throws OsException, IOException {
        try (Native os = new Native()) {
            kernel.grown(os, volume);
        }
    }
}
