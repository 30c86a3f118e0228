package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.OsException;

import java.util.List;

/**
 * What Ceph takes for an image that this client has open, and is none: where the OSD was down when
 * it was closed, nobody told the OSD, which forgets it when it has heard nothing for 30 seconds.
 */
final class OwnWatch {
    private OwnWatch() {}

    /**
     * @throws OsException UNAVAILABLE if that alone makes it look open
     */
    static void check(Cluster cluster, Image image) throws OsException {
        int open = cluster.openForChanges(image.name());
        List<Image.Watcher> watchers = image.watchers();
        // One may have been opened or closed meanwhile.
        open = Math.max(open, cluster.openForChanges(image.name()));
        long self = cluster.client();
        long own = watchers.stream().filter(each -> each.client() == self).count();
        if (own == watchers.size() && own > open) {
            throw new OsException(
                    UNAVAILABLE,
                    "Ceph has yet to forget that this daemon had %s open when an OSD was down; it does so within 30 seconds of the OSD's return, so try again then, or see `ceph -s`"
                            .formatted(cluster.address().of(image.name())));
        }
    }
}
