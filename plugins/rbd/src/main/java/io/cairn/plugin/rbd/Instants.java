package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/**
 * Snapshots that are there only while a volume is made from another one. An object says at which
 * volume there may be one, so that nothing stays of a call that is killed.
 */
final class Instants {
    private static final String NOTE = "cairn.c.";

    private final Cluster cluster;
    private final Objects objects;

    Instants(Cluster cluster, Objects objects) {
        this.cluster = cluster;
        this.objects = objects;
    }

    /** Cuts one of a volume, for one that is being made. */
    void cut(VolumeId made, VolumeId source) throws OsException {
        boolean _ = objects.create(NOTE + made, source.toString());
        try (Image image = Image.open(cluster, Names.image(source))) {
            boolean _ = image.cut(Names.instant(made));
        }
    }

    /** Removes the one that was for a volume, if there is one. What was made of it stays. */
    void remove(VolumeId made) throws OsException {
        Optional<String> source = objects.read(NOTE + made);
        if (source.isPresent()) {
            removeAt(Names.image(VolumeId.parse(source.get())), Names.instant(made));
            boolean _ = objects.remove(NOTE + made);
        }
    }

    private void removeAt(String image, String snapshot) throws OsException {
        try (Image of = Image.open(cluster, image)) {
            boolean _ = of.removeSnap(snapshot);
        } catch (OsException e) {
            // With the image it is gone.
            if (!e.is(OsException.ENOENT)) {
                throw e;
            }
        }
    }
}
