package io.cairn.daemon.access;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.management.MBeanParameterInfo;

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
     * A text in quotes and printable ASCII: without line ends, terminal sequences, and letters that
     * look like others.
     */
    static String quoted(String text, int longest) {
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
        if (text.length() > longest) {
            quoted.append("... of ").append(text.length()).append(" characters");
        }
        return quoted.append('"').toString();
    }
}
