package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.spi.Attachment;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/** Block devices by NBD, each by a server process of its own. */
public final class NbdOffering implements Offering {
    static final String NBD = "nbd";

    private final Path folder;
    private final Servers servers;

    /**
     * @param folder where the servers keep what they are found by; made with the first of them
     */
    public NbdOffering(Path folder, Servers servers) {
        this.folder = folder;
        this.servers = servers;
    }

    @Override
    public String protocol() {
        return NBD;
    }

    @Override
    public Optional<String> obstacle() {
        return servers.available()
                ? Optional.empty()
                : Optional.of(
                        "no program is installed that serves it; install nbdkit, or qemu-system-common for qemu-storage-daemon, and see %s"
                                .formatted(ExportOptions.PROGRAM));
    }

    @Override
    public boolean claims() {
        return false;
    }

    @Override
    public boolean anyFor(Target target) throws IOException {
        return servers.anyFor(target);
    }

    @Override
    public boolean anyWriting(Target target, ConnectionId except) throws IOException {
        return servers.anyWriting(target, except);
    }

    @Override
    public Optional<Offer> serving(ConnectionId id, Target target) throws IOException {
        return servers.serving(id, target).map(NbdOffering::shown);
    }

    @Override
    public Offer start(ExportSpec spec, Attachment device)
            throws OsException, InterruptedException, IOException {
        Files.createDirectories(
                folder,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return shown(servers.start(spec.id(), spec.target(), device.device(), spec.readOnly()));
    }

    @Override
    public void stop(ConnectionId id, Target target)
            throws OsException, InterruptedException, IOException {
        servers.stop(id, target);
    }

    @Override
    public void checkGrowable(Target target) throws OsException, IOException {
        Optional<Server> fixed = servers.notGrowing(target);
        if (fixed.isPresent()) {
            throw new OsException(
                    IN_USE,
                    "it is exported by %s, which would not see that it is larger; take the export back first, and set %s to %s for those to come"
                            .formatted(
                                    fixed.get().program().program(),
                                    ExportOptions.PROGRAM,
                                    NbdProgram.NBDKIT.program()));
        }
    }

    /** Servers that see it are asked by each client that connects. */
    @Override
    public void grown(Target target) {}

    private static Offer shown(Server server) {
        return new Offer(new Export(NBD, server.info(), Set.of()), server.readOnly());
    }
}
