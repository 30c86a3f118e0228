package io.cairn.daemon.volume;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Labels as one text in a row: {@code KEY=VALUE} lines in the order of the keys, with a line break
 * before, between and after them. So a label is found by looking for its whole line.
 */
final class Labels {
    private Labels() {}

    static String text(Map<String, String> labels) {
        if (labels.isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder("\n");
        new TreeMap<>(labels)
                .forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        return text.toString();
    }

    /**
     * @throws IllegalArgumentException if it is no such text, saying where
     */
    static Map<String, String> parse(String text) {
        if (text.isEmpty()) {
            return Map.of();
        }
        if (text.length() == 1 || !text.startsWith("\n") || !text.endsWith("\n")) {
            throw new IllegalArgumentException("labels: they are not between line breaks");
        }
        Map<String, String> labels = new LinkedHashMap<>();
        for (String line : text.substring(1, text.length() - 1).split("\n", -1)) {
            int equals = line.indexOf('=');
            if (equals < 1
                    || labels.put(line.substring(0, equals), line.substring(equals + 1)) != null) {
                throw new IllegalArgumentException(
                        "labels: the line '%s' is no KEY=VALUE, or the second one of its key"
                                .formatted(Names.shortened(line)));
            }
        }
        return labels;
    }
}
