package io.cairn.daemon.crash;

import io.cairn.daemon.crash.Ledger.Loss;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/** How a driver lays out what it keeps; what all of them have in common is in Storage. */
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
        String goesOn() {
            // The file system comes to that half a minute later.
            return "(give back the space of deleted subvolumes(: [0-9.,]+ %)?)?";
        }

        @Override
        Path volume(Path home) {
            return home.resolve("volume/image");
        }

        // Which are attributes.
        @Override
        Set<String> claims(Path snapshots) throws IOException {
            Set<String> found = super.claims(snapshots);
            Files.getFileAttributeView(snapshots, UserDefinedFileAttributeView.class)
                    .list()
                    .forEach(each -> found.add(each.replaceFirst("^cairn\\.", "")));
            return found;
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
    },
    /** Cards, each of which names the topmost of the layers that hold the content. */
    CHAINS("qcow2") {
        @Override
        Set<String> commands() {
            return Set.of("qemu-img");
        }

        @Override
        Path volume(Path home) {
            return home.resolve(Chains.VOLUME);
        }

        @Override
        Path snapshot(Path home, String id) {
            return home.resolve(id + Chains.CUT);
        }

        @Override
        Bearer bearer(Path home) {
            return new Bearer(volume(home), IN_ITSELF);
        }

        @Override
        Bearer bearer(Path home, String snapshot) {
            return new Bearer(snapshot(home, snapshot), IN_ITSELF);
        }

        @Override
        Images images() {
            return CHAINED;
        }

        @Override
        boolean plain() {
            return false;
        }

        @Override
        boolean served() {
            return true;
        }

        @Override
        boolean growsInUse() {
            return false;
        }

        @Override
        String givenUp(String name, String id) {
            return "%s-%s.qcow2".formatted(name, id);
        }

        @Override
        Set<String> top(Set<String> found) {
            Set<String> top = super.top(found);
            top.add(Chains.LAYERS);
            // Made by the first that is attached.
            if (found.contains(Chains.EXPORTS)) {
                top.add(Chains.EXPORTS);
            }
            return top;
        }

        @Override
        Path shown(Path volume) {
            return Chains.shown(volume);
        }

        @Override
        Remains remains(Path backend) throws IOException {
            return Remains.in(backend);
        }
    },
    /** Thin volumes of a volume group, whose devices lie in a folder that is the backend's path. */
    THIN("lvm") {
        @Override
        Path backend(Path root) {
            return ThinVolumes.DEVICES;
        }

        @Override
        String settings(Path backend) {
            return "group=%s%npool=%s%n".formatted(ThinVolumes.GROUP, ThinVolumes.POOL);
        }

        @Override
        Path volume(Path home) {
            return ThinVolumes.DEVICES.resolve(ThinVolumes.VOLUME + home.toFile().getName());
        }

        @Override
        Path snapshot(Path home, String id) {
            return ThinVolumes.DEVICES.resolve(ThinVolumes.SNAPSHOT + id);
        }

        @Override
        Bearer bearer(Path home, String snapshot) {
            return new Bearer(snapshot(home, snapshot), LABEL);
        }

        @Override
        Storage storage(Path backend, Records records, Loss loss, Problems problems)
                throws IOException {
            return new ThinStorage(backend, records, loss, problems);
        }

        @Override
        Images images() {
            return THINS;
        }

        @Override
        boolean plain() {
            return false;
        }

        @Override
        long stepBytes() {
            return ThinVolumes.EXTENT_BYTES;
        }

        @Override
        double shortestLife() {
            return 4.5;
        }

        @Override
        String givenUp(String name, String id) {
            return "volume-%s-%s".formatted(name, id);
        }

        @Override
        Set<Path> devices(Path backend) throws IOException {
            return ThinVolumes.devices();
        }

        @Override
        void awaitEnd() throws IOException {
            ThinVolumes.awaitEnd();
        }

        @Override
        Set<String> commands() {
            return Set.of("lvm");
        }

        @Override
        void resume() throws IOException {
            ThinVolumes.resume();
        }
    },
    /** Images of RBD, which anybody can write to that may use the pool. */
    IMAGES("rbd") {
        @Override
        Path backend(Path root) {
            return CephImages.BACKEND;
        }

        @Override
        String settings(Path backend) {
            return "pool=%s%nnamespace=%s%nceph.conf=%s%nexport.directory=%s%nattach.by=nbd%n"
                    .formatted(
                            backend.getName(0),
                            backend.getName(1),
                            CephImages.conf(),
                            CephImages.sockets());
        }

        @Override
        Path volume(Path home) {
            return CephImages.BACKEND.resolve(CephImages.VOLUME + home.toFile().getName());
        }

        @Override
        Path snapshot(Path home, String id) {
            return Path.of(volume(home) + "@" + id);
        }

        @Override
        Bearer bearer(Path home) {
            return new Bearer(Path.of(CephImages.VOLUME_CARD + home.toFile().getName()), OBJECT);
        }

        @Override
        Bearer bearer(Path home, String snapshot) {
            return new Bearer(Path.of(CephImages.SNAPSHOT_CARD + snapshot), OBJECT);
        }

        @Override
        Storage storage(Path backend, Records records, Loss loss, Problems problems)
                throws IOException {
            return new CephStorage(backend, records, loss, problems);
        }

        @Override
        Images images() {
            return CEPH;
        }

        @Override
        double shortestLife() {
            return 4.5;
        }

        @Override
        String givenUp(String name, String id) {
            return "volume-%s-%s".formatted(name, id);
        }

        @Override
        boolean served() {
            return true;
        }

        // Ceph would let nobody else write for 30 seconds.
        @Override
        boolean serversMayEnd() {
            return false;
        }

        @Override
        boolean growsInUse() {
            return false;
        }

        @Override
        Path serving(Path backend) {
            return CephImages.serving();
        }

        @Override
        Path shown(Path volume) {
            return CephImages.shown(volume);
        }

        @Override
        Set<Path> devices(Path backend) throws IOException {
            return Devices.below(CephImages.serving()).keySet();
        }
    };

    /** The extended attribute in which drivers keep what a file is. */
    static final String LABEL = "cairn";

    /** In place of an attribute's name: the file itself says it. */
    static final String IN_ITSELF = "";

    /** In place of an attribute's name: the file is an object of the cluster's. */
    static final String OBJECT = "object";

    private static final String MARK = ".mark";
    private static final long BLOCK_BYTES = 4096;
    private static final Images PLAIN = new PlainImages();
    private static final Images CHAINED = new ChainedImages();
    private static final Images THINS = new ThinImages();
    private static final Images CEPH = new CephImages();

    private final String driver;

    Layout(String driver) {
        this.driver = driver;
    }

    /**
     * What says what an object is.
     *
     * @param attribute the name of its extended attribute, or {@link #IN_ITSELF}
     */
    record Bearer(Path file, String attribute) {}

    String driver() {
        return driver;
    }

    /** Makes a backend below a folder, and says where it is. */
    Path backend(Path root) throws IOException {
        return Files.createDirectory(root.resolve("backend"));
    }

    /** What a backend's settings say besides the driver. */
    String settings(Path backend) {
        return "directory=%s%n".formatted(backend);
    }

    Storage storage(Path backend, Records records, Loss loss, Problems problems)
            throws IOException {
        return new Storage(backend, records, loss, problems);
    }

    /** The file of a volume in its folder. */
    abstract Path volume(Path home);

    /** The file of a snapshot in its volume's folder. */
    abstract Path snapshot(Path home, String id);

    /** What says what the volume of a folder is. */
    Bearer bearer(Path home) {
        return new Bearer(volume(home), LABEL);
    }

    abstract Bearer bearer(Path home, String snapshot);

    /** What is in the files of volumes and snapshots. */
    Images images() {
        return PLAIN;
    }

    /**
     * Whether such a file holds just what its volume does, so that it can be written to though it
     * is not attached.
     */
    boolean plain() {
        return true;
    }

    /** Whether a process serves each volume that is attached. */
    boolean served() {
        return false;
    }

    /** Whether such a process may be killed. */
    boolean serversMayEnd() {
        return served();
    }

    /** The folder in which those processes keep what they have, in {@link Chains#EXPORTS}. */
    Path serving(Path backend) {
        return backend;
    }

    /** Whether a volume can become larger while it is attached. */
    boolean growsInUse() {
        return true;
    }

    /** What a volume of a client becomes when it is given up. */
    String givenUp(String name, String id) {
        return "%s-%s.img".formatted(name, id);
    }

    /** What a volume becomes larger by; its size is a multiple of that. */
    long stepBytes() {
        return BLOCK_BYTES;
    }

    /**
     * The natural logarithm of how many milliseconds a daemon works at least, which is longer where
     * nearly each operation runs programs, or waits for a cluster.
     */
    double shortestLife() {
        return plain() ? 2 : 3.5;
    }

    /** What must be in the backend's folder besides what was given up. */
    Set<String> top(Set<String> found) {
        return new TreeSet<>(Set.of("cairn.backend", "volumes", "snapshots"));
    }

    /** The file that the device of a volume is made of. */
    Path shown(Path volume) {
        return volume;
    }

    /** What devices there are of a backend, by the files that they are made of. */
    Set<Path> devices(Path backend) throws IOException {
        return Devices.below(backend).keySet();
    }

    /** Waits for what outlives a daemon that was killed, and ends by itself. */
    void awaitEnd() throws IOException {
        // What serves a volume is not waited for, since it stays.
    }

    /** The programs that the driver runs, each for a while, and that may be killed at any time. */
    Set<String> commands() {
        return Set.of();
    }

    /** Wakes the devices that such a program left suspended. */
    void resume() throws IOException {
        // Most have no devices that could be.
    }

    /** What the driver has not come to yet in the background. */
    Remains remains(Path backend) throws IOException {
        return Remains.NONE;
    }

    /** What the backend may say that goes on, as a pattern, without anything left for a daemon. */
    String goesOn() {
        return "";
    }

    /** Which ids the folder of snapshots says are taken. */
    Set<String> claims(Path snapshots) throws IOException {
        return Storage.names(snapshots);
    }

    /** What must be in the folder of a volume. */
    Set<String> names(Collection<String> snapshots, Set<String> found) {
        Set<String> names = new TreeSet<>();
        Path home = Path.of("");
        names.add(volume(home).getName(0).toString());
        snapshots.forEach(id -> names.add(snapshot(home, id).getName(0).toString()));
        return names;
    }
}
