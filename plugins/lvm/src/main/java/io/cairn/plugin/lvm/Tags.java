package io.cairn.plugin.lvm;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Label;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What Cairn keeps in the tags of LVM, all of which begin with {@code cairn.}: a label in pieces,
 * {@code cairn.label.NN:TEXT}, and words with a value, {@code cairn.WORD=VALUE}. What no tag may
 * hold is written as {@code #} and two hexadecimal digits for each byte.
 */
final class Tags {
    static final String OWN = "cairn.";

    /** Which volume a snapshot is of. */
    static final String VOLUME = "volume";

    /** Which daemon and which of its backends a pool is. */
    static final String DAEMON = "daemon";

    static final String BACKEND = "backend";

    /** Since which start of the host a plain volume or its snapshot is attached. */
    static final String ATTACHED = "attached";

    /** Which of its snapshots a plain volume is going back to. */
    static final String REVERTING = "reverting";

    /** On what is active for its exports alone. */
    static final String EXPORTED = OWN + "exported";

    private static final String LABEL = OWN + "label.";

    /** {@code NAME_LEN} of LVM, without what a piece begins with. */
    private static final int PIECE = 1000;

    /** Of what LVM allows ({@code validate_tag}), all but the sign that stands for others. */
    private static final String ALLOWED = "_+.-/=!:&";

    private static final int BYTE = 0xff;
    private static final int HEX = 16;

    private Tags() {}

    /** A word and its value as one tag. */
    static String of(String word, String value) {
        return OWN + word + "=" + escaped(value.getBytes(UTF_8));
    }

    /** The value of a word, if it is there. */
    static Optional<String> value(Collection<String> tags, String word) {
        String begin = OWN + word + "=";
        return tags.stream()
                .filter(tag -> tag.startsWith(begin))
                .map(tag -> new String(bytes(tag.substring(begin.length())), UTF_8))
                .findFirst();
    }

    /** A label as tags. */
    static List<String> of(Label label) {
        String text = escaped(label.toBytes());
        List<String> pieces = new ArrayList<>();
        for (int at = 0; at < text.length(); at += PIECE) {
            String piece = text.substring(at, Math.min(text.length(), at + PIECE));
            pieces.add("%s%02d:%s".formatted(LABEL, pieces.size(), piece));
        }
        return pieces;
    }

    /** The label in some tags; an empty one if none is there whole. */
    static Label label(Collection<String> tags) {
        TreeMap<String, String> pieces = new TreeMap<>();
        for (String tag : tags) {
            int colon = tag.indexOf(':');
            if (tag.startsWith(LABEL) && colon > 0) {
                pieces.put(tag.substring(0, colon), tag.substring(colon + 1));
            }
        }
        return Label.parse(bytes(String.join("", pieces.values())));
    }

    /** The tags of a label among others. */
    static List<String> labelTags(Collection<String> tags) {
        return tags.stream().filter(tag -> tag.startsWith(LABEL)).toList();
    }

    /** All of Cairn's among others. */
    static List<String> own(Collection<String> tags) {
        return tags.stream().filter(tag -> tag.startsWith(OWN)).toList();
    }

    private static String escaped(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte each : bytes) {
            char c = (char) (each & BYTE);
            boolean plain = isLetterOrDigit(c) || ALLOWED.indexOf(c) >= 0;
            if (plain) {
                text.append(c);
            } else {
                text.append("#%02x".formatted((int) c));
            }
        }
        return text.toString();
    }

    private static boolean isLetterOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    private static byte[] bytes(String escaped) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int at = 0; at < escaped.length(); at++) {
            char c = escaped.charAt(at);
            if (c == '#' && at + 2 < escaped.length()) {
                try {
                    bytes.write(Integer.parseInt(escaped.substring(at + 1, at + 3), HEX));
                } catch (NumberFormatException _) {
                    return "".getBytes(US_ASCII);
                }
                at += 2;
            } else {
                bytes.write(c);
            }
        }
        return bytes.toByteArray();
    }
}
