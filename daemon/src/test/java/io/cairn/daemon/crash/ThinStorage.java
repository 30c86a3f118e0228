package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.crash.Found.Item;
import io.cairn.daemon.crash.Ledger.Loss;
import io.cairn.daemon.crash.ThinVolumes.Thin;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The same for a thin pool, by the names and tags of all that is in its volume group. */
final class ThinStorage extends Storage {
    private static final String LABEL = "cairn.label.";
    private static final String VOLUME = "cairn.volume=";

    private final Map<String, Thin> listed;

    ThinStorage(Path backend, Records records, Loss loss, Problems problems) throws IOException {
        super(backend, records, loss, problems);
        this.listed = ThinVolumes.all();
    }

    @Override
    protected Set<String> names() {
        return listed.keySet();
    }

    @Override
    protected void checkFiles(Found found) {
        Map<String, Set<String>> wanted = new TreeMap<>();
        for (Item volume : found.volumes().values()) {
            wanted.put(name(volume), Set.of());
        }
        for (Item snapshot : found.snapshots().values()) {
            wanted.put(name(snapshot), Set.of(VOLUME + snapshot.volume()));
        }
        for (Item item : found.files().values()) {
            wanted.put(name(item), Set.of());
        }
        problems.expect("the volume group", wanted.keySet(), names());
        wanted.forEach(
                (name, tags) -> {
                    Thin thin = listed.get(name);
                    if (thin != null) {
                        Set<String> others =
                                thin.tags().stream()
                                        .filter(tag -> !tag.startsWith(LABEL))
                                        .collect(Collectors.toSet());
                        problems.expect("the tags of %s".formatted(name), tags, others);
                    }
                });
    }

    /** Activates all at once, which takes hardly longer than one. */
    @Override
    protected void checkContents(Found found) throws IOException {
        Set<String> made = new TreeSet<>(names());
        for (Path device : ThinVolumes.devices()) {
            made.remove(device.toFile().getName());
        }
        ThinVolumes.activate(made);
        try {
            super.checkContents(found);
        } finally {
            ThinVolumes.deactivate(made);
        }
    }

    @Override
    protected String label(Layout.Bearer bearer) {
        String name = bearer.file().toFile().getName();
        String escaped =
                Objects.requireNonNull(listed.get(name), name).tags().stream()
                        .filter(tag -> tag.startsWith(LABEL))
                        .map(tag -> tag.substring(tag.indexOf(':') + 1))
                        .collect(Collectors.joining());
        // Its escapes are those of a URL, but for the sign, and a plus stands for itself.
        return URLDecoder.decode(escaped.replace("+", "#2b").replace('#', '%'), UTF_8);
    }

    private String name(Item item) {
        return file(item).toFile().getName();
    }
}
