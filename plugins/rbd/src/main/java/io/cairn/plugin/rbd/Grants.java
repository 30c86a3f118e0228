package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Export;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Exports by Ceph's own protocol, for hosts that speak it: what they must know, without the key.
 */
final class Grants {
    private final Cluster cluster;
    private final Cards cards;
    private final Lookup lookup;
    private final Reverts reverts;
    private final Depths depths;
    private final Serving serving;

    Grants(
            Cluster cluster,
            Cards cards,
            Lookup lookup,
            Reverts reverts,
            Depths depths,
            Serving serving) {
        this.cluster = cluster;
        this.cards = cards;
        this.lookup = lookup;
        this.reverts = reverts;
        this.depths = depths;
        this.serving = serving;
    }

    Optional<Grant> of(ConnectionId connection, Target target) throws OsException {
        return lookup.card(target.volume())
                .flatMap(
                        card ->
                                card.grants().stream()
                                        .filter(each -> each.connection().equals(connection))
                                        .filter(each -> each.snapshot().equals(target.snapshot()))
                                        .findFirst());
    }

    /**
     * Has a host use a target. It may be repeated.
     *
     * @throws OsException CONFLICT if it is so already, and for the reverse; IN_USE if another may
     *     write
     */
    Export make(ConnectionId connection, Target target, boolean writable)
            throws OsException, InterruptedException, IOException {
        VolumeId volume = target.volume();
        Card card = reverts.settled(volume, lookup.existingCard(volume));
        try (Image image = Image.openToRead(cluster, Names.image(volume))) {
            if (target.snapshot().isPresent()) {
                Image.Snap _ = lookup.existing(image, target.snapshot().get());
            }
        }
        Optional<Grant> there = of(connection, target);
        if (there.isPresent()) {
            if (there.get().writable() != writable) {
                throw new OsException(
                        CONFLICT,
                        "it is exported for connection %s already, %s"
                                .formatted(
                                        connection,
                                        there.get().writable() ? "for writing too" : "read-only"));
            }
            return shown(target);
        }
        if (writable) {
            checkNoneWrites(volume);
            if (serving.isWritten(target)) {
                throw new OsException(
                        IN_USE,
                        "it is attached, or another host may write to it; detach it or take that export back first");
            }
        }
        Export shown = shown(target);
        List<Grant> grants = new ArrayList<>(card.grants());
        grants.add(new Grant(connection, writable, target.snapshot()));
        cards.replace(volume, card.granting(grants));
        return shown;
    }

    /**
     * Takes it back. Ceph would let the host go on, so that it must have closed the image before.
     *
     * @throws OsException IN_USE if anybody has the volume open for changes still
     */
    void remove(ConnectionId connection, Target target)
            throws OsException, InterruptedException, IOException {
        VolumeId volume = target.volume();
        Optional<Grant> grant = of(connection, target);
        if (grant.isEmpty()) {
            return;
        }
        if (grant.get().writable()) {
            try (Depths.Hold _ = depths.hold(volume)) {
                checkClosed(volume);
            }
        }
        Card card = reverts.settled(volume, lookup.existingCard(volume));
        cards.replace(
                volume,
                card.granting(
                        card.grants().stream().filter(each -> !each.equals(grant.get())).toList()));
    }

    private void checkClosed(VolumeId volume)
            throws OsException, InterruptedException, IOException {
        List<String> clients;
        try (Image image = Image.openToRead(cluster, Names.image(volume))) {
            clients = image.watchers().stream().map(Image.Watcher::address).toList();
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                return;
            }
            throw e;
        }
        // One that only reads for others may be ours.
        int ours = serving.served().is(Target.of(volume)) ? 1 : 0;
        if (clients.size() > ours) {
            throw new OsException(
                    IN_USE,
                    "it is open still, by %s; close it there first. Ceph forgets who was killed within 30 seconds"
                            .formatted(String.join(" and ", clients)));
        }
    }

    /**
     * @throws OsException IN_USE if a host may write to a volume
     */
    void checkNoneWrites(VolumeId volume) throws OsException {
        for (Grant grant : of(volume)) {
            if (grant.writable()) {
                throw exported(grant);
            }
        }
    }

    /**
     * @throws OsException IN_USE if a host may use a target
     */
    void check(Target target) throws OsException {
        for (Grant grant : of(target.volume())) {
            if (grant.target(target.volume()).equals(target)) {
                throw exported(grant);
            }
        }
    }

    private List<Grant> of(VolumeId volume) throws OsException {
        return lookup.card(volume).map(Card::grants).orElse(List.of());
    }

    private static OsException exported(Grant grant) {
        return new OsException(
                IN_USE,
                "it is exported by %s for connection %s; take that export back first"
                        .formatted(Serving.RBD, grant.connection()));
    }

    /** By the words that Cinder has for it, where it has any. */
    Export shown(Target target) throws OsException, IOException {
        Cluster.Address address = cluster.address();
        String image = Names.image(target.volume());
        String name =
                address.of(image) + target.snapshot().map(snapshot -> "@" + snapshot).orElse("");
        Map<String, String> info = new TreeMap<>();
        info.put(
                "uri",
                "rbd:%s:id=%s:conf=%s"
                        .formatted(
                                name, escaped(address.user()), escaped(address.conf().toString())));
        info.put("name", name);
        info.put("pool", address.pool());
        address.namespace().ifPresent(namespace -> info.put("namespace", namespace));
        info.put("image", image);
        target.snapshot().ifPresent(snapshot -> info.put("snapshot", snapshot.toString()));
        info.put("fsid", cluster.fsid());
        info.put("monitors", String.join(",", monitors()));
        info.put("auth_username", address.user());
        info.put("conf", address.conf().toString());
        return new Export(Serving.RBD, info, Set.of());
    }

    /** Where they are, each as ADDRESS:PORT, as Ceph tells clients of any age. */
    private List<String> monitors() throws OsException, IOException {
        List<String> found = new ArrayList<>();
        for (JsonNode monitor : cluster.ask("mon dump").path("mons")) {
            String old = monitor.path("addr").asText();
            found.add(old.replaceFirst("/.*", ""));
        }
        return found;
    }

    /** As QEMU wants it between colons. */
    private static String escaped(String text) {
        return text.replaceAll("[\\\\:@=]", "\\\\$0");
    }
}
