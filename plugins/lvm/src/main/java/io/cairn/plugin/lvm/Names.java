package io.cairn.plugin.lvm;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/** The names of logical volumes, which derive from ids. */
final class Names {
    static final String OWN = "cairn-";

    private static final String VOLUME = OWN + "v-";
    private static final String SNAPSHOT = OWN + "s-";

    /** What is to become a volume, or a volume's new content. */
    private static final String NEW = OWN + "n-";

    /** What was a volume's content until it went back to a snapshot. */
    private static final String OLD = OWN + "o-";

    /**
     * What a volume was, which is being wiped; or what a snapshot had copied of its volume. In a
     * thin pool what is being taken back.
     */
    static final String DEAD = OWN + "d-";

    /** A snapshot of a volume in use while another is made from it, whose id it has. */
    private static final String TEMPORARY = OWN + "t-";

    private Names() {}

    static String volume(VolumeId id) {
        return VOLUME + id;
    }

    static String snapshot(SnapshotId id) {
        return SNAPSHOT + id;
    }

    static String made(VolumeId id) {
        return NEW + id;
    }

    static String old(VolumeId id) {
        return OLD + id;
    }

    static String dead(VolumeId id) {
        return DEAD + id;
    }

    static String dead(SnapshotId id) {
        return DEAD + id;
    }

    /** What anything of the driver's own becomes that is taken back. */
    static String takenBack(String name) {
        return name.startsWith(DEAD) ? name : DEAD + name.substring(DEAD.length());
    }

    static String temporary(VolumeId made) {
        return TEMPORARY + made;
    }

    static boolean isTemporary(String name) {
        return name.startsWith(TEMPORARY);
    }

    static String of(Target target) {
        return target.snapshot().map(Names::snapshot).orElseGet(() -> volume(target.volume()));
    }

    /** Of the volume, or what is half made or half removed of it. */
    static Optional<VolumeId> volumeOf(String name) {
        for (String kind : new String[] {VOLUME, NEW, OLD}) {
            if (name.startsWith(kind)) {
                return parsed(name.substring(kind.length()));
            }
        }
        return Optional.empty();
    }

    static Optional<SnapshotId> snapshotOf(String name) {
        return name.startsWith(SNAPSHOT)
                ? parsed(name.substring(SNAPSHOT.length())).map(id -> new SnapshotId(id.value()))
                : Optional.empty();
    }

    static Optional<VolumeId> parsed(String id) {
        try {
            return Optional.of(VolumeId.parse(id));
        } catch (IllegalArgumentException _) {
            // It is not Cairn's, whatever its name begins with.
            return Optional.empty();
        }
    }
}
