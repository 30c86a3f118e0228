package io.cairn.daemon.volume;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.Mark;

import java.net.URLEncoder;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the daemon leaves beside each object on the backend, so that its row can be rebuilt from
 * there: {@code key=value} pairs joined by {@code &}, each percent-encoded as in a form.
 */
final class Marks {
    private Marks() {}

    static void check(Volume volume) throws OperationException {
        check("volume " + volume.name(), text(volume));
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

    private static String text(Volume volume) {
        Map<String, String> fields =
                fields(volume.name(), volume.description(), volume.labels(), volume.createdAt());
        volume.origin()
                .ifPresent(
                        origin -> {
                            fields.put("origin.volume", origin.volume().toString());
                            fields.put("origin.snapshot", origin.snapshot().toString());
                        });
        return encoded(fields);
    }

    private static String text(Intent.CreateSnapshot snapshot) {
        return encoded(
                fields(
                        snapshot.name(),
                        snapshot.description(),
                        snapshot.labels(),
                        snapshot.begunAt()));
    }

    private static Map<String, String> fields(
            String name, String description, Map<String, String> labels, Instant createdAt) {
        Map<String, String> fields = new TreeMap<>();
        fields.put("name", name);
        fields.put("created", createdAt.toString());
        if (!description.isEmpty()) {
            fields.put("description", description);
        }
        labels.forEach((key, value) -> fields.put("label." + key, value));
        return fields;
    }

    private static String encoded(Map<String, String> fields) {
        StringBuilder text = new StringBuilder();
        fields.forEach(
                (key, value) ->
                        text.append(text.isEmpty() ? "" : "&")
                                .append(URLEncoder.encode(key, UTF_8))
                                .append('=')
                                .append(URLEncoder.encode(value, UTF_8)));
        return text.toString();
    }

    /** Percent-encoded text is ASCII: its characters are its bytes. */
    private static void check(String what, String text) throws OperationException {
        if (text.length() > Mark.MAX_BYTES) {
            throw new OperationException(
                    Code.INVALID,
                    "the description and labels of %s are too long together: %d bytes encoded, the most is %d"
                            .formatted(what, text.length(), Mark.MAX_BYTES));
        }
    }
}
