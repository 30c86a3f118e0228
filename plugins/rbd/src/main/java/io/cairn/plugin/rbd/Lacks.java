package io.cairn.plugin.rbd;

import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.qemu.ShownFile;
import io.cairn.plugin.local.qemu.StorageDaemons;

import java.io.IOException;
import java.util.Optional;

/**
 * What this host lacks, each with how it is had; empty for nothing.
 *
 * @param nbd for exports by NBD
 * @param served for attachments of what is exported so
 * @param kernel for attachments by the kernel
 * @param attaching for attachments as the backend is to have them
 */
record Lacks(
        Optional<String> nbd,
        Optional<String> served,
        Optional<String> kernel,
        Optional<String> attaching) {
    private static final System.Logger LOG = System.getLogger(Lacks.class.getName());

    /** Looks, and runs a program for it. */
    static Lacks find(StorageDaemons daemons, Cluster.Address address, AttachBy by)
            throws IOException {
        Optional<String> nbd = Serving.lack(daemons, address);
        Optional<String> kernel = KernelDevices.lack();
        try (Native os = new Native()) {
            Optional<String> served =
                    nbd.or(ShownFile::lack)
                            .or(
                                    () ->
                                            Loops.available(os)
                                                    ? Optional.empty()
                                                    : Optional.of(
                                                            "loop devices are not there for this user: run as root, and `modprobe loop`"));
            Optional<String> attaching =
                    switch (by) {
                        case KERNEL -> kernel;
                        case NBD -> served;
                        case AUTO ->
                                kernel.isEmpty()
                                        ? kernel
                                        : served.map(lack -> kernel.get() + "; or " + lack);
                    };
            return new Lacks(nbd, served, kernel, attaching);
        }
    }

    /** Which ways of attaching there are, of those that the backend is to have. */
    Attached.Ways ways(AttachBy by) {
        return new Attached.Ways(
                by != AttachBy.NBD && kernel.isEmpty(), by != AttachBy.KERNEL && served.isEmpty());
    }

    /** Says it once, in a line for each. */
    void tell(String backend) {
        attaching.ifPresent(
                lack ->
                        LOG.log(
                                System.Logger.Level.INFO,
                                "backend ''{0}'' attaches nothing: {1}",
                                backend,
                                lack));
        nbd.ifPresent(
                lack ->
                        LOG.log(
                                System.Logger.Level.INFO,
                                "backend ''{0}'' exports nothing by NBD: {1}",
                                backend,
                                lack));
    }
}
