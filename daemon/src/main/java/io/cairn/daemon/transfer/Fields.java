package io.cairn.daemon.transfer;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.daemon.config.Spelling;
import io.cairn.daemon.volume.Names;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;

/**
 * The fields of one object of an import, read strictly: what is missing, of another type or not
 * known is a problem. After a problem a harmless value goes on, so that all problems are found.
 */
final class Fields {
    private static final UUID NOBODY = new UUID(0, 0);

    private final String where;
    private final JsonNode node;
    private final List<String> problems;
    private final Set<String> known = new LinkedHashSet<>();

    /**
     * @param where the object's place in the document, for messages
     */
    Fields(String where, JsonNode node, List<String> problems) {
        this.where = where;
        this.node = node;
        this.problems = problems;
        if (!node.isObject()) {
            problems.add("%s is not an object".formatted(where));
        }
    }

    String text(String name) {
        Optional<JsonNode> value = value(name);
        if (value.isPresent() && !value.get().isTextual()) {
            problem(name, value.get(), "a text");
        }
        return value.filter(JsonNode::isTextual).map(JsonNode::textValue).orElse("");
    }

    boolean flag(String name) {
        Optional<JsonNode> value = value(name);
        if (value.isPresent() && !value.get().isBoolean()) {
            problem(name, value.get(), "true or false");
        }
        return value.map(JsonNode::booleanValue).orElse(false);
    }

    /** A number of bytes above zero. */
    long bytes(String name) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) {
            return 1;
        }
        JsonNode number = value.get();
        if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 1) {
            problem(name, number, "a whole number from 1 to " + Long.MAX_VALUE);
            return 1;
        }
        return number.longValue();
    }

    Instant time(String name) {
        String text = text(name);
        try {
            return text.isEmpty() && !has(name) ? Instant.EPOCH : Instant.parse(text);
        } catch (DateTimeException _) {
            problem(name, text, "a time like 2026-01-31T12:00:00Z");
            return Instant.EPOCH;
        }
    }

    UUID id(String name) {
        return id(name, text(name));
    }

    /** An id or null. */
    Optional<UUID> idOrNull(String name) {
        return isNull(name) ? Optional.empty() : Optional.of(id(name));
    }

    /** An object of texts. */
    Map<String, String> texts(String name) {
        Map<String, String> texts = new TreeMap<>();
        Optional<JsonNode> value = value(name);
        if (value.isPresent() && !value.get().isObject()) {
            problem(name, value.get(), "an object of texts");
        }
        value.filter(JsonNode::isObject)
                .ifPresent(
                        object ->
                                object.forEachEntry(
                                        (key, text) -> {
                                            if (text.isTextual()) {
                                                texts.put(key, text.textValue());
                                            } else {
                                                problem(
                                                        "%s.%s"
                                                                .formatted(
                                                                        name, Names.shortened(key)),
                                                        text,
                                                        "a text");
                                            }
                                        }));
        return texts;
    }

    /** A list of texts. */
    Set<String> words(String name) {
        Set<String> words = new LinkedHashSet<>();
        for (JsonNode word : array(name)) {
            if (!word.isTextual()) {
                problem(name, word, "a list of texts");
            } else if (!words.add(word.textValue())) {
                problem(name, word, "a list without repetitions");
            }
        }
        return words;
    }

    /** A list of objects. */
    <T> List<T> objects(String name, Function<Fields, T> form) {
        List<T> made = new ArrayList<>();
        int i = 0;
        for (JsonNode each : array(name)) {
            Fields fields = new Fields("%s.%s[%d]".formatted(where, name, i), each, problems);
            made.add(form.apply(fields));
            fields.refuseOthers();
            i++;
        }
        return made;
    }

    /** An object or null. */
    <T> Optional<T> objectOrNull(String name, Function<Fields, T> form) {
        if (isNull(name)) {
            return Optional.empty();
        }
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        Fields fields = new Fields("%s.%s".formatted(where, name), value.get(), problems);
        T made = form.apply(fields);
        fields.refuseOthers();
        return Optional.of(made);
    }

    /** To be called once all known fields were read. */
    void refuseOthers() {
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!known.contains(field.getKey())) {
                problems.add(unknown(where, field.getKey(), known));
            }
        }
    }

    static String unknown(String where, String field, Set<String> known) {
        return "%s has a field '%s', which is unknown%s"
                .formatted(where, Names.shortened(field), hint(field, known));
    }

    /** A guess compares letter by letter, which is nothing for a text of any length. */
    private static String hint(String field, Set<String> known) {
        return field.length() > 80 ? "" : Spelling.hint(field, known);
    }

    void problem(String name, String found, String wanted) {
        problems.add(
                "%s.%s: '%s' is not %s".formatted(where, name, Names.shortened(found), wanted));
    }

    private void problem(String name, JsonNode found, String wanted) {
        problem(name, found.isContainerNode() ? "an object or a list" : found.asText(), wanted);
    }

    private UUID id(String name, String text) {
        if (!has(name)) {
            return NOBODY;
        }
        try {
            UUID id = UUID.fromString(text);
            if (id.toString().equals(text)) {
                return id;
            }
        } catch (IllegalArgumentException _) {
            // The message is the same as for one that is written another way.
        }
        problem(name, text, "a UUID of 36 characters in lower case");
        return NOBODY;
    }

    private Iterable<JsonNode> array(String name) {
        Optional<JsonNode> value = value(name);
        if (value.isPresent() && !value.get().isArray()) {
            problem(name, value.get(), "a list");
        }
        return value.filter(JsonNode::isArray)
                .map(array -> (Iterable<JsonNode>) array)
                .orElse(List.of());
    }

    private boolean has(String name) {
        return node.has(name);
    }

    private boolean isNull(String name) {
        known.add(name);
        JsonNode value = node.get(name);
        return value != null && value.isNull();
    }

    private Optional<JsonNode> value(String name) {
        known.add(name);
        JsonNode value = node.get(name);
        if (value == null && node.isObject()) {
            problems.add("%s lacks the field '%s'".formatted(where, name));
        }
        return Optional.ofNullable(value);
    }
}
