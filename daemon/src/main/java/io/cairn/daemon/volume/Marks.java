package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.Mark;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the daemon leaves beside each object on the backend, so that its row can be rebuilt from
 * there, as {@link Form} has it.
 */
final class Marks {
    static final String NAME = "name";
    static final String CREATED = "created";
    static final String DESCRIPTION = "description";
    static final String ZONE = "zone";
    static final String PROJECT = "project";
    static final String USER = "user";
    static final String ORIGIN_VOLUME = "origin.volume";
    static final String ORIGIN_SNAPSHOT = "origin.snapshot";

    /** When it was deleted, of what is in the trash. */
    static final String TRASHED = "trashed";

    /** More than that takes. */
    private static final int TRASHED_BYTES = 64;

    private static final int MOST_BYTES = Mark.MAX_BYTES - TRASHED_BYTES;

    // What these begin is followed by the key.
    static final String LABEL = "label.";
    static final String SPEC = "spec.";
    static final String QOS = "qos.";

    private Marks() {}

    static void check(Volume volume) throws OperationException {
        check("volume " + volume.name(), text(volume));
    }

    static void check(Snapshot snapshot) throws OperationException {
        check("snapshot " + snapshot.name(), text(snapshot));
    }

    /** As {@link #check(Volume)}, of one that was made, which may have more than a new one may. */
    static void checkMade(Volume volume) throws OperationException {
        check("volume " + volume.name(), text(volume), Mark.MAX_BYTES);
    }

    /** As {@link #checkMade(Volume)}. */
    static void checkMade(Snapshot snapshot) throws OperationException {
        check("snapshot " + snapshot.name(), text(snapshot), Mark.MAX_BYTES);
    }

    static void check(Intent.CreateSnapshot snapshot) throws OperationException {
        check("snapshot " + snapshot.name(), text(snapshot));
    }

    static Mark of(Volume volume) {
        return new Mark(text(volume));
    }

    static Mark of(Intent.CreateSnapshot snapshot) {
        return new Mark(text(snapshot));
    }

    static Mark of(Snapshot snapshot) {
        return new Mark(text(snapshot));
    }

    /** As {@link #of(Volume)}, and that it is in the trash. */
    static Optional<Mark> trashed(Volume volume, Instant at) {
        return trashed(text(volume), at);
    }

    /** As {@link #of(Snapshot)}, and that it is in the trash. */
    static Optional<Mark> trashed(Snapshot snapshot, Instant at) {
        return trashed(text(snapshot), at);
    }

    /** Empty if there is no room for it, as in marks from before room was kept. */
    private static Optional<Mark> trashed(String text, Instant at) {
        Map<String, String> fields = new TreeMap<>(Form.decode(text));
        fields.put(TRASHED, at.toString());
        String with = Form.encode(fields);
        return with.length() > Mark.MAX_BYTES ? Optional.empty() : Optional.of(new Mark(with));
    }

    private static String text(Volume volume) {
        Map<String, String> fields =
                fields(volume.name(), volume.description(), volume.labels(), volume.createdAt());
        Particulars more = volume.particulars();
        put(fields, ZONE, more.zone());
        put(fields, PROJECT, more.project());
        put(fields, USER, more.user());
        more.specs().forEach((key, value) -> fields.put(SPEC + key, value));
        more.qos().forEach((key, value) -> fields.put(QOS + key, value));
        volume.origin()
                .ifPresent(
                        origin -> {
                            fields.put(ORIGIN_VOLUME, origin.volume().toString());
                            origin.snapshot()
                                    .ifPresent(id -> fields.put(ORIGIN_SNAPSHOT, id.toString()));
                        });
        return Form.encode(fields);
    }

    private static String text(Snapshot snapshot) {
        return Form.encode(
                fields(
                        snapshot.name(),
                        snapshot.description(),
                        snapshot.labels(),
                        snapshot.createdAt()));
    }

    private static String text(Intent.CreateSnapshot snapshot) {
        return Form.encode(
                fields(
                        snapshot.name(),
                        snapshot.description(),
                        snapshot.labels(),
                        snapshot.begunAt()));
    }

    private static Map<String, String> fields(
            String name, String description, Map<String, String> labels, Instant createdAt) {
        Map<String, String> fields = new TreeMap<>();
        fields.put(NAME, name);
        fields.put(CREATED, createdAt.toString());
        put(fields, DESCRIPTION, description);
        labels.forEach((key, value) -> fields.put(LABEL + key, value));
        return fields;
    }

    private static void put(Map<String, String> fields, String key, String value) {
        if (!value.isEmpty()) {
            fields.put(key, value);
        }
    }

    /** Percent-encoded text is ASCII: its characters are its bytes. */
    private static void check(String what, String text) throws OperationException {
        check(what, text, MOST_BYTES);
    }

    private static void check(String what, String text, int most) throws OperationException {
        if (text.length() > most) {
            throw new OperationException(
                    Code.INVALID,
                    "the description and labels of %s are too long together: %d bytes encoded, the most is %d"
                            .formatted(what, text.length(), most));
        }
    }
}
