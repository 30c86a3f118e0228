package io.cairn.plugin.rbd;

import io.cairn.plugin.local.Entries;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/** What Cairn's images, snapshots and objects are called. */
final class Names {
    /** Says whose the pool is. */
    static final String BACKEND = "cairn.backend";

    /** How all images of Cairn's begin. */
    static final String IMAGE = "cairn-v-";

    /** Ceph's own list of what is being removed, RBD_TRASH of rbd_types.h. */
    static final String TRASH = "rbd_trash";

    /** How the object begins that an image is opened by, RBD_HEADER_PREFIX of rbd_types.h. */
    private static final String HEADER = "rbd_header.";

    /** How the object begins that has an image's id, RBD_ID_PREFIX of rbd_types.h. */
    private static final String ID = "rbd_id.";

    private static final String VOLUME_CARD = "cairn.v.";
    private static final String SNAPSHOT_CARD = "cairn.s.";
    private static final String INSTANT = "cairn-c-";
    private static final String RELEASED = "volume-";

    private static final int UUID_CHARS = 36;

    private Names() {}

    static String image(VolumeId id) {
        return IMAGE + id;
    }

    /** Ceph's object that has the locks on an image, by Ceph's own id of it. */
    static String headerOf(String imageId) {
        return HEADER + imageId;
    }

    /** Ceph's object that is there as long as an image of that name is. */
    static String idOf(String image) {
        return ID + image;
    }

    static Optional<VolumeId> volumeOf(String image) {
        return image.startsWith(IMAGE)
                ? Entries.volumeId(image.substring(IMAGE.length()))
                : Optional.empty();
    }

    static Optional<SnapshotId> snapshotOf(String name) {
        return Entries.snapshotId(name, "");
    }

    /**
     * What a volume's image is called when it is Cairn's no more.
     *
     * @param name what it should remind of
     */
    static String released(String name, VolumeId id) {
        return RELEASED + (name.isEmpty() ? "" : name + "-") + id;
    }

    /** The volume that an image was, by that name. */
    static Optional<VolumeId> releasedOf(String image) {
        return image.startsWith(RELEASED) && image.length() > UUID_CHARS
                ? Entries.volumeId(image.substring(image.length() - UUID_CHARS))
                : Optional.empty();
    }

    /** A snapshot that is there while a volume is made from its image. */
    static String instant(VolumeId made) {
        return INSTANT + made;
    }

    static boolean isInstant(String snapshot) {
        return snapshot.startsWith(INSTANT);
    }

    static String card(VolumeId id) {
        return VOLUME_CARD + id;
    }

    static String card(SnapshotId id) {
        return SNAPSHOT_CARD + id;
    }
}
