package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Several values in one text, since clients can pass little but texts: {@code key=value,key=value}.
 * A value that holds a comma, a quote, a backslash or an outer blank stands in double quotes, as in
 * {@code description="a, b"}; a backslash takes the next character as it is, in quotes and outside.
 * Blanks around keys and values do not count. The empty text is none.
 */
final class PropertyText {
    /** What the descriptions of parameters say of it. */
    static final String SYNTAX =
            "key=value,key=value; a value with a comma in double quotes: description=\"a, b\"; empty for none";

    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._:-]+");
    private static final Pattern PLAIN =
            Pattern.compile("[^,\"\\\\\\s]([^,\"\\\\]*[^,\"\\\\\\s])?");

    private final String text;
    private int at;

    private PropertyText(String text) {
        this.text = text;
    }

    /**
     * Reads such a text. The order is kept.
     *
     * @throws OperationException INVALID if it is none; the message says where and why
     */
    static Map<String, String> parse(String text) throws OperationException {
        return new PropertyText(text).read();
    }

    /** Writes values so that {@link #parse} gives them back. */
    static String format(Map<String, String> values) {
        return values.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + quoted(entry.getValue()))
                .collect(Collectors.joining(","));
    }

    private static String quoted(String value) {
        return value.isEmpty() || PLAIN.matcher(value).matches()
                ? value
                : '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private Map<String, String> read() throws OperationException {
        Map<String, String> values = new LinkedHashMap<>();
        skipBlanks();
        if (at == text.length()) {
            return values;
        }
        while (true) {
            String key = key();
            if (values.put(key, value()) != null) {
                throw invalid("'%s' is given twice".formatted(key));
            }
            if (at == text.length()) {
                return values;
            }
            if (text.charAt(at) != ',') {
                throw invalid("a ',' is missing after the value of '%s'".formatted(key));
            }
            at++;
        }
    }

    private String key() throws OperationException {
        int start = at;
        while (at < text.length() && text.charAt(at) != '=' && text.charAt(at) != ',') {
            at++;
        }
        String key = text.substring(start, at).strip();
        if (!KEY.matcher(key).matches()) {
            throw invalid("'%s' is no key".formatted(Names.shortened(key)));
        }
        if (at == text.length() || text.charAt(at) != '=') {
            throw invalid("'%s' has no value".formatted(Names.shortened(key)));
        }
        at++;
        return key;
    }

    private String value() throws OperationException {
        skipBlanks();
        boolean quotes = at < text.length() && text.charAt(at) == '"';
        if (quotes) {
            at++;
        }
        StringBuilder value = new StringBuilder();
        int solid = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\\') {
                if (++at == text.length()) {
                    throw invalid("it ends after a backslash");
                }
                value.append(text.charAt(at++));
                solid = value.length();
            } else if (quotes && c == '"') {
                at++;
                skipBlanks();
                return value.toString();
            } else if (!quotes && c == ',') {
                break;
            } else if (!quotes && c == '"') {
                throw invalid("a quote stands inside a value; put the whole value in quotes");
            } else {
                value.append(c);
                solid = Character.isWhitespace(c) ? solid : value.length();
                at++;
            }
        }
        if (quotes) {
            throw invalid("a closing quote is missing");
        }
        value.setLength(solid);
        return value.toString();
    }

    private void skipBlanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private OperationException invalid(String why) {
        return new OperationException(
                Code.INVALID,
                "'%s' cannot be read: %s; write %s".formatted(Names.shortened(text), why, SYNTAX));
    }
}
