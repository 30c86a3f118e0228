package io.cairn.daemon.crash;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/** How a driver lays a backend's folder out; what all of them have in common is in Storage. */
enum Layout {
    /** Files that lie in the folder of their volume. */
    FILES("file") {
        @Override
        Path volume(Path home) {
            return home.resolve("volume.img");
        }

        @Override
        Path snapshot(Path home, String id) {
            return home.resolve(id + ".snap");
        }

        @Override
        Bearer bearer(Path home, String snapshot) {
            return new Bearer(snapshot(home, snapshot), LABEL);
        }
    },
    /** Subvolumes that hold an image each. */
    SUBVOLUMES("btrfs") {
        @Override
        Path volume(Path home) {
            return home.resolve("volume/image");
        }

        @Override
        Path snapshot(Path home, String id) {
            return home.resolve(id + ".snap/image");
        }

        @Override
        Set<String> names(Collection<String> snapshots, Set<String> found) {
            Set<String> names = super.names(snapshots, found);
            // Those that were renamed since they were cut.
            for (String id : snapshots) {
                if (found.contains(id + MARK)) {
                    names.add(id + MARK);
                }
            }
            return names;
        }

        @Override
        Bearer bearer(Path home, String snapshot) {
            Path mark = home.resolve(snapshot + MARK);
            return Files.exists(mark)
                    ? new Bearer(mark, LABEL)
                    : new Bearer(snapshot(home, snapshot), LABEL + ".cut");
        }
    };

    /** The extended attribute in which drivers keep what a file is. */
    static final String LABEL = "cairn";

    private static final String MARK = ".mark";

    private final String driver;

    Layout(String driver) {
        this.driver = driver;
    }

    /**
     * What says what an object is.
     *
     * @param attribute the name of its extended attribute
     */
    record Bearer(Path file, String attribute) {}

    String driver() {
        return driver;
    }

    /** The file of a volume in its folder. */
    abstract Path volume(Path home);

    /** The file of a snapshot in its volume's folder. */
    abstract Path snapshot(Path home, String id);

    abstract Bearer bearer(Path home, String snapshot);

    /** What must be in the folder of a volume. */
    Set<String> names(Collection<String> snapshots, Set<String> found) {
        Set<String> names = new TreeSet<>();
        Path home = Path.of("");
        names.add(volume(home).getName(0).toString());
        snapshots.forEach(id -> names.add(snapshot(home, id).getName(0).toString()));
        return names;
    }
}
