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
 * @param devices for attachments
 */
record Lacks(Optional<String> nbd, Optional<String> devices) {
    private static final System.Logger LOG = System.getLogger(Lacks.class.getName());

    /** Looks, and runs a program for it. */
    static Lacks find(StorageDaemons daemons, Cluster.Address address) throws IOException {
        Optional<String> nbd = Serving.lack(daemons, address);
        try (Native os = new Native()) {
            Optional<String> devices =
                    nbd.or(ShownFile::lack)
                            .or(
                                    () ->
                                            Loops.available(os)
                                                    ? Optional.empty()
                                                    : Optional.of(
                                                            "loop devices are not there for this user: run as root, and `modprobe loop`"));
            return new Lacks(nbd, devices);
        }
    }

    /** Says it once, in a line. */
    void tell(String backend) {
        devices.ifPresent(
                lack ->
                        LOG.log(
                                System.Logger.Level.INFO,
                                "backend '{0}' attaches nothing{1}: {2}",
                                backend,
                                nbd.isPresent() ? ", and exports nothing by NBD" : "",
                                lack));
    }
}
