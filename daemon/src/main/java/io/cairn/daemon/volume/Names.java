package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import java.util.Map;
import java.util.regex.Pattern;

/** What names, labels and descriptions may look like. */
public final class Names {
    /** In characters. */
    public static final int MAX_DESCRIPTION = 255;

    /** Labels of one object. */
    public static final int MAX_LABELS = 32;

    /** Of a label's value, in characters. */
    public static final int MAX_LABEL_VALUE = 255;

    /**
     * A name is a key value of an ObjectName, a word in a shell and a part of a path without
     * quoting in any of them. Lower case only, which also refuses the {@code String} that JConsole
     * fills in.
     */
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

    private Names() {}

    /** Whether a text could name a volume, a snapshot, a pool or a backend. */
    public static boolean valid(String text) {
        return NAME.matcher(text).matches();
    }

    static void check(String what, String name) throws OperationException {
        if (!valid(name)) {
            throw invalid(
                    ("%s name '%s' is not allowed: use 1 to 63 lower-case letters, digits, '.', '_'"
                                    + " and '-', beginning with a letter or digit")
                            .formatted(what, shortened(name)));
        }
    }

    static void checkDescription(String text) throws OperationException {
        if (text.length() > MAX_DESCRIPTION || text.chars().anyMatch(Character::isISOControl)) {
            throw invalid(
                    ("the description '%s' is not allowed: at most %d characters, no control"
                                    + " characters")
                            .formatted(shortened(text), MAX_DESCRIPTION));
        }
    }

    static void checkLabels(Map<String, String> labels) throws OperationException {
        if (labels.size() > MAX_LABELS) {
            throw invalid(
                    "%d labels are too many: at most %d".formatted(labels.size(), MAX_LABELS));
        }
        for (Map.Entry<String, String> label : labels.entrySet()) {
            check("label", label.getKey());
            String value = label.getValue();
            if (value.length() > MAX_LABEL_VALUE
                    || value.chars().anyMatch(Character::isISOControl)) {
                throw invalid(
                        ("the value '%s' of label '%s' is not allowed: at most %d characters, no"
                                        + " control characters")
                                .formatted(shortened(value), label.getKey(), MAX_LABEL_VALUE));
            }
        }
    }

    private static OperationException invalid(String message) {
        return new OperationException(Code.INVALID, message);
    }

    /** A caller's text for a message: bounded, and without characters that would break a line. */
    public static String shortened(String text) {
        String clean = text.length() > 80 ? text.substring(0, 80) + "…" : text;
        return clean.codePoints()
                .map(c -> spoilsALine(c) ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static boolean spoilsALine(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE ->
                    true;
            default -> false;
        };
    }
}
