package io.cairn.daemon.volume;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** What objects on backends say of themselves, by the marks that Cairn left on them. */
public final class MarkReader {
    private MarkReader() {}

    /** What a volume's mark is to say of it, whenever it was made. */
    public static String told(Volume volume) {
        return told(Marks.of(volume));
    }

    /** As {@link #told(Volume)}. */
    public static String told(Snapshot snapshot) {
        return told(Marks.of(snapshot));
    }

    /** What a mark says of its object but for the time, of which a snapshot has two. */
    public static String told(Mark mark) {
        Map<String, String> fields = fields(mark);
        if (fields.isEmpty()) {
            return mark.text();
        }
        fields.remove(Marks.CREATED);
        return Form.encode(fields);
    }

    /** The name in a mark; empty if it is none of Cairn's. */
    public static Optional<String> name(Mark mark) {
        return Optional.ofNullable(fields(mark).get(Marks.NAME)).filter(Names::valid);
    }

    /** When its object was deleted; empty unless a mark says that it is in the trash. */
    public static Optional<Instant> trashedAt(Mark mark) {
        try {
            return Optional.ofNullable(fields(mark).get(Marks.TRASHED)).map(Instant::parse);
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }

    /** A volume as it was recorded, by what is on its backend; empty if its mark is none. */
    public static Optional<Volume> volume(String backend, BackendVolume found) {
        Map<String, String> fields = fields(found.mark());
        Optional<String> name = name(found.mark());
        if (name.isEmpty() || !fields.containsKey(Marks.CREATED)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Volume(
                            found.id(),
                            backend,
                            found.pool(),
                            name.get(),
                            fields.getOrDefault(Marks.DESCRIPTION, ""),
                            below(fields, Marks.LABEL),
                            new Particulars(
                                    fields.getOrDefault(Marks.ZONE, ""),
                                    fields.getOrDefault(Marks.PROJECT, ""),
                                    fields.getOrDefault(Marks.USER, ""),
                                    below(fields, Marks.SPEC),
                                    below(fields, Marks.QOS)),
                            found.sizeBytes(),
                            ObjectState.AVAILABLE,
                            Instant.parse(fields.get(Marks.CREATED)),
                            origin(fields),
                            found.location(),
                            0,
                            0,
                            0));
        } catch (IllegalArgumentException | DateTimeException _) {
            return Optional.empty();
        }
    }

    /** As {@link #volume}. */
    public static Optional<Snapshot> snapshot(Volume volume, BackendSnapshot found) {
        Map<String, String> fields = fields(found.mark());
        return name(found.mark())
                .map(
                        name ->
                                new Snapshot(
                                        found.id(),
                                        volume.id(),
                                        volume.backend(),
                                        volume.name(),
                                        name,
                                        fields.getOrDefault(Marks.DESCRIPTION, ""),
                                        below(fields, Marks.LABEL),
                                        found.sizeBytes(),
                                        ObjectState.AVAILABLE,
                                        found.cutAt(),
                                        found.location(),
                                        0,
                                        0));
    }

    private static Optional<Origin> origin(Map<String, String> fields) {
        return Optional.ofNullable(fields.get(Marks.ORIGIN_VOLUME))
                .map(
                        volume ->
                                new Origin(
                                        new VolumeId(UUID.fromString(volume)),
                                        Optional.ofNullable(fields.get(Marks.ORIGIN_SNAPSHOT))
                                                .map(UUID::fromString)
                                                .map(SnapshotId::new)));
    }

    private static Map<String, String> below(Map<String, String> fields, String prefix) {
        Map<String, String> below = new TreeMap<>();
        fields.forEach(
                (key, value) -> {
                    if (key.startsWith(prefix)) {
                        below.put(key.substring(prefix.length()), value);
                    }
                });
        return below;
    }

    /** None if it is no mark of Cairn's. */
    private static Map<String, String> fields(Mark mark) {
        try {
            return Form.decode(mark.text());
        } catch (IllegalArgumentException _) {
            return Map.of();
        }
    }
}
