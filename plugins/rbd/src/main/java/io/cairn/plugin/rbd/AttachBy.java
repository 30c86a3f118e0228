package io.cairn.plugin.rbd;

import java.util.Arrays;
import java.util.Locale;

/** By whom volumes become block devices of this host. */
enum AttachBy {
    /** The kernel where it can, else as {@link #NBD}. */
    AUTO,
    /** The kernel's own client of Ceph. */
    KERNEL,
    /** Storage daemons, whose NBD a file and a loop device are made of. */
    NBD;

    /** In settings. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static String[] words() {
        return Arrays.stream(values()).map(AttachBy::word).toArray(String[]::new);
    }

    static AttachBy of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
