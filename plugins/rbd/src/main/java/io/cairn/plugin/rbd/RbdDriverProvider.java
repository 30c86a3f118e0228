package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.plugin.local.qemu.StorageDaemons;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Offers the RBD driver to the daemon. */
public final class RbdDriverProvider implements DriverProvider {
    static final String POOL = "pool";
    static final String NAMESPACE = "namespace";
    static final String CONF = "ceph.conf";
    static final String USER = "user";
    static final String TIMEOUT = "timeout";
    static final String PATIENCE = "busy.timeout";
    static final String DEEPEST = "clone.depth.most";
    static final String ATTACH_BY = "attach.by";

    /**
     * An OSD that is gone is missed after osd_heartbeat_grace of Ceph's, 20 s, and the six seconds
     * of osd_heartbeat_interval; what is given up before, {@link Cluster} says.
     */
    private static final Duration LEAST_TIMEOUT = Duration.ofSeconds(30);

    private static final Duration MOST_TIMEOUT = Duration.ofMinutes(10);

    private static final String NO_NAMESPACE = "none";

    /** As {@link io.cairn.spi.PoolStats} wants it; Ceph takes more. */
    private static final String POOL_NAME = "[a-z0-9][a-z0-9._-]{0,62}";

    private static final String NAMESPACE_NAME = "[A-Za-z0-9._-]{1,64}";

    /** The kernel's client opens no image of more, one of the other. */
    private static final int DEEPEST_OF_ALL = 15;

    private static final List<Option> OWN =
            List.of(
                    Option.required(
                            POOL,
                            Option.Type.TEXT,
                            "The pool, which `rbd pool init` prepared; also the name of the"
                                    + " backend's one pool, so in lower-case letters, digits and"
                                    + " . _ -."),
                    Option.optional(
                            NAMESPACE,
                            Option.Type.TEXT,
                            NO_NAMESPACE,
                            "The namespace in it, for pools that several backends share; none is"
                                    + " for the pool itself."),
                    Option.optional(
                            CONF,
                            Option.Type.PATH,
                            "/etc/ceph/ceph.conf",
                            "Ceph's configuration, which names the monitors and the keyring."),
                    Option.optional(
                            USER,
                            Option.Type.TEXT,
                            "cairn",
                            "The user of Ceph, without `client.`; it needs mon 'profile rbd' and"
                                    + " osd 'profile rbd pool=POOL'."),
                    Option.optional(
                            TIMEOUT,
                            Option.Type.DURATION,
                            "PT1M",
                            "How long the cluster may take to answer, from PT30S to PT10M."),
                    Option.optional(
                            PATIENCE,
                            Option.Type.DURATION,
                            "PT35S",
                            "How long a deletion waits for an image that somebody has open, since"
                                    + " Ceph takes 30 s to forget a client that was killed."),
                    Option.optional(
                            DEEPEST,
                            Option.Type.INTEGER,
                            "5",
                            "How many volumes may be made one of the other before what they share"
                                    + " is copied, in the background."),
                    Option.optional(
                                    ATTACH_BY,
                                    Option.Type.TEXT,
                                    AttachBy.AUTO.word(),
                                    "By whom volumes become block devices of this host: kernel is"
                                            + " the kernel's driver for RBD, nbd programs outside"
                                            + " of it, and auto the kernel where it has that driver"
                                            + " and takes the image.")
                            .among(AttachBy.words()));

    private static final List<Option> OPTIONS =
            Stream.concat(
                            OWN.stream(),
                            ServingOptions.options(
                                    "The folder for the sockets of exports, and for what is attached;"
                                            + " made if it is not there.")
                                    .stream())
                    .toList();

    @Override
    public String name() {
        return "rbd";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                java.util.Objects.requireNonNullElse(
                        getClass().getPackage().getImplementationVersion(), "unpackaged"),
                "Cairn",
                "Keeps volumes and snapshots as images of Ceph RBD.",
                OPTIONS);
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings)
            throws DriverException, InterruptedException {
        Cluster.Address address = address(settings);
        String what = "open backend '%s' in pool %s".formatted(self.backend(), address);
        int deepest = deepest(settings, what);
        check(address, what);
        try {
            Cluster cluster = LargeStack.call(() -> Cluster.connect(Library.load(), address));
            Ownership ownership = null;
            RbdDriver driver = null;
            try {
                Objects objects = new Objects(cluster);
                Duration patience = settings.duration(PATIENCE);
                boolean empty =
                        new Images(cluster, patience)
                                .names(each -> Names.volumeOf(each).isPresent())
                                .isEmpty();
                ownership = Ownership.take(cluster, objects, self, empty);
                prepareTrash(objects);
                StorageDaemons daemons = daemons(address, settings);
                daemons.clearDead();
                AttachBy attachBy = AttachBy.of(settings.text(ATTACH_BY));
                Lacks lacks = Lacks.find(daemons, address, attachBy);
                lacks.tell(self.backend());
                driver =
                        new RbdDriver(
                                self.backend(),
                                cluster,
                                objects,
                                ownership,
                                patience,
                                deepest,
                                daemons,
                                attachBy,
                                lacks);
                return driver;
            } finally {
                if (driver == null) {
                    if (ownership != null) {
                        ownership.close();
                    }
                    cluster.close();
                }
            }
        } catch (OsException e) {
            throw e.during(what);
        } catch (IOException e) {
            throw new DriverException(UNAVAILABLE, "cannot %s: %s".formatted(what, e), e);
        }
    }

    /**
     * Has Ceph's list of what is being removed be there already, which it would make at the first
     * removal: a pool that is full takes no new object, and nothing could be deleted from it.
     */
    private static void prepareTrash(Objects objects) throws OsException {
        try {
            boolean _ = objects.create(Names.TRASH, "");
        } catch (OsException e) {
            // It is full; then a removal that needs it says so.
            if (e.told().kind() != NO_SPACE) {
                throw e;
            }
        }
    }

    private static StorageDaemons daemons(Cluster.Address address, Settings settings) {
        Path sockets = settings.path(ExportOptions.DIRECTORY);
        String name =
                "rbd:%s%s"
                        .formatted(
                                address.pool(),
                                address.namespace().map(each -> ":" + each).orElse(""));
        return new StorageDaemons(sockets.resolve(name), sockets, ServingOptions.of(settings));
    }

    private static Cluster.Address address(Settings settings) {
        String namespace = settings.text(NAMESPACE);
        return new Cluster.Address(
                settings.path(CONF),
                settings.text(USER),
                settings.text(POOL),
                namespace.equals(NO_NAMESPACE) ? Optional.empty() : Optional.of(namespace),
                settings.duration(TIMEOUT));
    }

    private static void check(Cluster.Address address, String what) throws DriverException {
        if (!address.pool().matches(POOL_NAME)) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: the pool's name must be of lower-case letters, digits and . _ -"
                            .formatted(what));
        }
        if (address.namespace().isPresent() && !address.namespace().get().matches(NAMESPACE_NAME)) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: the namespace's name must be of letters, digits and . _ -"
                            .formatted(what));
        }
        Duration timeout = address.timeout();
        if (timeout.compareTo(LEAST_TIMEOUT) < 0 || timeout.compareTo(MOST_TIMEOUT) > 0) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: setting '%s' is %s; it is from %s to %s"
                            .formatted(what, TIMEOUT, timeout, LEAST_TIMEOUT, MOST_TIMEOUT));
        }
        if (!Files.isReadable(address.conf())) {
            throw new DriverException(
                    UNSUPPORTED,
                    "cannot %s: %s cannot be read; copy the cluster's there with the user's keyring, or set '%s'"
                            .formatted(what, address.conf(), CONF));
        }
    }

    private static int deepest(Settings settings, String what) throws DriverException {
        long deepest = settings.integer(DEEPEST);
        if (deepest < 1 || deepest > DEEPEST_OF_ALL) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: setting '%s' is %d; it is from 1 to %d"
                            .formatted(what, DEEPEST, deepest, DEEPEST_OF_ALL));
        }
        return (int) deepest;
    }
}
