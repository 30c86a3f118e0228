package io.cairn.daemon.volume;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Any keys and values as one line of ASCII: {@code key=value} pairs in the order of the keys,
 * joined by {@code &}, each percent-encoded as in a form.
 */
final class Form {
    private Form() {}

    static String encode(Map<String, String> fields) {
        return new TreeMap<>(fields)
                .entrySet().stream()
                        .map(
                                field ->
                                        URLEncoder.encode(field.getKey(), UTF_8)
                                                + "="
                                                + URLEncoder.encode(field.getValue(), UTF_8))
                        .collect(Collectors.joining("&"));
    }

    /**
     * @throws IllegalArgumentException if it is no such line; the message may tell of the values
     */
    static Map<String, String> decode(String text) {
        Map<String, String> fields = new TreeMap<>();
        if (text.isEmpty()) {
            return fields;
        }
        for (String pair : text.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("a pair has no '='");
            }
            fields.put(
                    URLDecoder.decode(pair.substring(0, equals), UTF_8),
                    URLDecoder.decode(pair.substring(equals + 1), UTF_8));
        }
        return fields;
    }
}
