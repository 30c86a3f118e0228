package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** All that a daemon has, and all that is on its backend, to see that something changed nothing. */
final class Everything {
    private Everything() {}

    /** As lines that can be compared. */
    static String in(House house) throws Exception {
        List<Volume> volumes = house.volumes.volumes(Filter.ALL, 1_000, "").items();
        List<Snapshot> snapshots = house.volumes.snapshots(Filter.ALL, 1_000, "").items();
        return Stream.of(
                        volumes.stream(),
                        snapshots.stream(),
                        volumes.stream()
                                .flatMap(
                                        volume ->
                                                house
                                                        .volumes
                                                        .connections()
                                                        .of(volume.id())
                                                        .stream()),
                        volumes.stream()
                                .map(volume -> house.volumes.alterations().holds(volume.id())),
                        snapshots.stream().map(cut -> house.volumes.alterations().holds(cut.id())),
                        house.volumes.tombstones().list("fast", 1_000, "").items().stream(),
                        house.volumes.trash().list("fast", 1_000, "").items().stream(),
                        house.volumes.unfinished().stream(),
                        house.opened().stream(),
                        files(house.images()).stream(),
                        files(house.transfers()).stream(),
                        house.stateBackups.list().stream(),
                        house.keyValues.list("", 1_000, "").items().stream(),
                        house.inventory().volumes().stream(),
                        house.inventory().snapshots().stream())
                .flatMap(part -> Stream.concat(part.map(Object::toString).sorted(), Stream.of("")))
                .reduce("", (one, other) -> one + other + "\n");
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(Path::toString).toList();
        }
    }

    /** What is new in what was found later. */
    static String difference(String before, String after) {
        List<String> lines = new ArrayList<>(Arrays.asList(after.split("\n", -1)));
        Arrays.asList(before.split("\n", -1)).forEach(lines::remove);
        return lines.isEmpty() ? "something is gone" : String.join("; ", lines);
    }
}
