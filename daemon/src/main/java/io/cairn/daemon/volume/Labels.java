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

    static Map<String, String> parse(String text) {
        if (text.isEmpty()) {
            return Map.of();
        }
        Map<String, String> labels = new LinkedHashMap<>();
        for (String line : text.substring(1).lines().toList()) {
            int equals = line.indexOf('=');
            labels.put(line.substring(0, equals), line.substring(equals + 1));
        }
        return labels;
    }
}
