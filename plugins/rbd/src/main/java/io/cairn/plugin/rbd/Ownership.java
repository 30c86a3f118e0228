package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendIdentity;

import java.util.Optional;

/** Whose a pool is, as an object in it says, and that nobody else has it open. */
final class Ownership implements AutoCloseable {
    private final Objects objects;
    private final Tenure tenure;

    private Ownership(Objects objects, Tenure tenure) {
        this.objects = objects;
        this.tenure = tenure;
    }

    /**
     * Makes sure of both; leaves the name on a pool that is nobody's.
     *
     * @param empty whether the pool has no image of Cairn's
     * @throws OsException CONFLICT if it is another's; UNAVAILABLE if it is open elsewhere, or not
     *     the one that was used
     */
    static Ownership take(Cluster cluster, Objects objects, BackendIdentity self, boolean empty)
            throws OsException, InterruptedException {
        String own = text(self);
        Optional<String> found = objects.read(Names.BACKEND);
        if (found.isEmpty()) {
            if (self.used()) {
                throw unclaimed(
                        cluster,
                        self,
                        UNAVAILABLE,
                        "the backend has had volumes, but this pool is nobody's");
            }
            if (!empty) {
                throw unclaimed(cluster, self, CONFLICT, "it holds volumes and does not say whose");
            }
            if (!objects.create(Names.BACKEND, own)) {
                found = objects.read(Names.BACKEND);
            }
        }
        if (found.isPresent()) {
            check(found, own);
        }
        Tenure tenure = Tenure.take(cluster, objects);
        try {
            // Whoever had it until now may have handed it over.
            check(objects.read(Names.BACKEND), own);
            return new Ownership(objects, tenure);
        } catch (OsException | RuntimeException e) {
            tenure.close();
            throw e;
        }
    }

    private static void check(Optional<String> found, String own) throws OsException {
        if (!found.equals(Optional.of(own))) {
            throw new OsException(
                    CONFLICT,
                    "it belongs to another backend (%s); this one is %s. Name another pool or namespace, or have the daemon that it belongs to hand it over to this one"
                            .formatted(shown(found.orElse("nobody's")), shown(own)));
        }
    }

    private static OsException unclaimed(
            Cluster cluster,
            BackendIdentity self,
            io.cairn.spi.DriverException.Kind kind,
            String what) {
        return new OsException(
                kind,
                "%s; if it is this backend's, say so with `printf '%s' | rados -p %s%s put %s -`"
                        .formatted(
                                what,
                                text(self).replace("\n", "\\n"),
                                cluster.address().pool(),
                                cluster.address()
                                        .namespace()
                                        .map(each -> " --namespace " + each)
                                        .orElse(""),
                                Names.BACKEND));
    }

    /**
     * @throws OsException UNAVAILABLE if somebody else has it by now
     */
    void check() throws OsException {
        tenure.check();
    }

    void handOver(BackendIdentity to) throws OsException {
        objects.replace(Names.BACKEND, text(to));
    }

    @Override
    public void close() {
        tenure.close();
    }

    private static String text(BackendIdentity self) {
        return "daemon=%s\nbackend=%s\n".formatted(self.daemon(), self.backend());
    }

    private static String shown(String text) {
        return text.strip().replace("\n", " ");
    }
}
