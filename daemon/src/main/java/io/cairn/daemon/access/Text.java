package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.management.MBeanParameterInfo;
import javax.management.ObjectName;

/** Texts that clients chose, made fit for a line of the audit. */
final class Text {
    static final String MASK = "***";

    /** The descriptor field of a parameter whose value is never shown, whatever its name. */
    static final String SECRET_FIELD = "secret";

    private static final int LONGEST = 1_000;
    private static final Pattern SECRET_NAME =
            Pattern.compile(
                    "secret|passw|passphrase|token|credential|api[._-]?key|private[._-]?key");

    /** One {@code key=value} of a list; the value may be quoted and then hold commas. */
    private static final Pattern PAIR =
            Pattern.compile("([\\w.-]+)(\\s*=\\s*)(\"(?:[^\"\\\\]|\\\\.)*+\"?+|'[^']*+'?+|[^,]*+)");

    private Text() {}

    /**
     * What to show of an argument. What is no plain value is not asked for its own text: a few
     * lists that hold each other many times over have one that fills any memory.
     */
    static String of(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case String text -> text;
            case Boolean flag -> flag.toString();
            case Number number when number.getClass().getPackageName().equals("java.lang") ->
                    number.toString();
            case ObjectName name -> name.toString();
            default -> "a " + value.getClass().getTypeName();
        };
    }

    static boolean namesSecret(String name) {
        return SECRET_NAME.matcher(name.toLowerCase(Locale.ROOT)).find();
    }

    static boolean isSecret(MBeanParameterInfo parameter) {
        return namesSecret(parameter.getName())
                || "true"
                        .equals(
                                String.valueOf(
                                        parameter.getDescriptor().getFieldValue(SECRET_FIELD)));
    }

    /** Masks the values of a {@code key=value,key=value} text whose keys name a secret. */
    static String withoutSecrets(String text) {
        if (text.indexOf('=') < 0) {
            return text;
        }
        return PAIR.matcher(text)
                .replaceAll(
                        pair ->
                                Matcher.quoteReplacement(
                                        namesSecret(pair.group(1))
                                                ? pair.group(1) + pair.group(2) + MASK
                                                : pair.group()));
    }

    static String quoted(String text) {
        return quoted(text, LONGEST);
    }

    /**
     * The same without secrets. Only what is shown is looked at for them, which takes time by the
     * square of the length of a text that is made for it.
     */
    static String masked(String text) {
        return quoted(withoutSecrets(beginning(text)), LONGEST, text.length());
    }

    /** As much of a text as is ever shown of it. */
    static String beginning(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) : text;
    }

    /**
     * A text in quotes and printable ASCII: without line ends, terminal sequences, and letters that
     * look like others.
     */
    static String quoted(String text, int longest) {
        return quoted(text, longest, text.length());
    }

    private static String quoted(String text, int longest, int whole) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < Math.min(text.length(), longest); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c >= ' ' && c < 0x7f) {
                quoted.append(c);
            } else {
                quoted.append("\\u%04x".formatted((int) c));
            }
        }
        if (Math.max(text.length(), whole) > longest) {
            quoted.append("... of ").append(whole).append(" characters");
        }
        return quoted.append('"').toString();
    }
}
