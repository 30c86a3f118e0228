package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;

/**
 * The lock on an image that this client itself left. Ceph takes a lock from a client that has gone,
 * and shuts that client out first; itself it does not shut out. So one that was not given back,
 * because the OSD was down when an image was closed, would keep the image from every change until
 * the daemon is started anew.
 */
final class OwnLock {
    /** RBD_LOCK_NAME of librbd. */
    private static final String NAME = "rbd_lock";

    /** WATCHER_LOCK_COOKIE_PREFIX of librbd, followed by the number of the holder's watch. */
    private static final String COOKIE = "auto ";

    private OwnLock() {}

    /**
     * Ends it, if there is one that nothing which is open holds.
     *
     * @return whether there was one
     */
    static boolean end(Cluster cluster, Image image) throws OsException {
        if (cluster.openForChanges(image.name()) > (image.isForChanges() ? 1 : 0)) {
            // It may be that one's.
            return false;
        }
        String object = Names.headerOf(image.id());
        String self = "client." + cluster.client();
        boolean any = false;
        for (Lockers.Holder holder : Lockers.of(cluster, object, NAME)) {
            if (holder.client().equals(self) && !isWatched(image, holder.cookie())) {
                Lockers.end(cluster, object, NAME, holder);
                any = true;
            }
        }
        return any;
    }

    private static boolean isWatched(Image image, String cookie) throws OsException {
        return image.watchers().stream()
                .anyMatch(each -> cookie.equals(COOKIE + Long.toUnsignedString(each.cookie())));
    }
}
