package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.VolumeId;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Has volumes go back to snapshots. Ceph does that object by object, so a volume that is half back
 * says so on its card, and whoever comes across it goes on to the end before anybody sees its
 * content.
 */
final class Reverts {
    private final Cluster cluster;
    private final Cards cards;
    private final Set<VolumeId> busy = ConcurrentHashMap.newKeySet();

    Reverts(Cluster cluster, Cards cards) {
        this.cluster = cluster;
        this.cards = cards;
    }

    /** Begins, and goes on to the end. */
    void revert(VolumeId id, Card card, Card.Reverting to)
            throws OsException, InterruptedException {
        cards.replace(id, card.reverting(Optional.of(to)));
        try {
            finish(id, card.reverting(Optional.of(to)));
        } catch (OsException e) {
            // It goes on with the next call.
            throw e.withUnknownOutcome();
        }
    }

    /** The card of a volume that is not on its way back any more. */
    Card settled(VolumeId id, Card card) throws OsException, InterruptedException {
        if (card.reverting().isPresent()) {
            try {
                finish(id, card);
            } catch (OsException e) {
                throw e.withUnknownOutcome();
            }
        }
        return card.reverting(Optional.empty());
    }

    private void finish(VolumeId id, Card card) throws OsException, InterruptedException {
        Card.Reverting to = card.reverting().orElseThrow();
        if (!busy.add(id)) {
            throw new IllegalStateException("two calls at once for volume " + id);
        }
        try (Image image = Image.open(cluster, Names.image(id))) {
            image.rollBack(to.to().toString());
            image.resize(to.sizeBytes(), false);
            image.rebuildMap();
            cards.replace(id, card.reverting(Optional.empty()));
        } finally {
            busy.remove(id);
        }
    }
}
