package io.cairn.daemon.crash;

import io.cairn.daemon.crash.Found.Item;
import io.cairn.daemon.crash.Ledger.Loss;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The same for a namespace of a Ceph cluster, by all that is in it. */
final class CephStorage extends Storage {
    private final Map<String, Long> listed;

    CephStorage(Path backend, Records records, Loss loss, Problems problems) throws IOException {
        super(backend, records, loss, problems);
        this.listed = CephImages.all();
    }

    @Override
    protected Set<String> names() {
        return listed.keySet();
    }

    @Override
    protected void checkFiles(Found found) throws IOException {
        Set<String> images = new TreeSet<>();
        // Who has the backend open leaves word.
        Set<String> objects = new TreeSet<>(List.of("cairn.backend", "cairn.client"));
        for (Item volume : found.volumes().values()) {
            images.add(name(volume));
            objects.add(CephImages.VOLUME_CARD + volume.id());
        }
        for (Item snapshot : found.snapshots().values()) {
            images.add(name(snapshot));
            objects.add(CephImages.SNAPSHOT_CARD + snapshot.id());
        }
        for (Item item : found.files().values()) {
            images.add(name(item));
        }
        problems.expect("the images and snapshots", images, names());
        images.removeIf(name -> name.contains("@"));
        problems.expect("the images", images, CephImages.names());
        problems.expect("what images are found by", images, CephImages.found());
        problems.expect("the objects", objects, CephImages.objects());
        problems.expect("the trash", Set.of(), CephImages.unneeded());
    }

    @Override
    protected String label(Layout.Bearer bearer) throws IOException {
        // What was given up has none.
        return bearer.attribute().equals(Layout.OBJECT)
                ? CephImages.object(bearer.file().toFile().getName())
                : "";
    }

    private String name(Item item) {
        return file(item).toFile().getName();
    }
}
