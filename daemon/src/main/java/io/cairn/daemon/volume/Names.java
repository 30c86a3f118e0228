package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
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

    /** What os-brick, and so this, knows of a host. */
    private static final Set<String> CONNECTOR =
            Set.of(
                    "host",
                    "ip",
                    "ips",
                    "initiator",
                    "nqn",
                    "nvme_hostid",
                    "uuid",
                    "os_type",
                    "platform",
                    "multipath",
                    "wwpns",
                    "wwnns");

    /** Of what lies on a backend, in characters. */
    private static final int MAX_PATH = 255;

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9][A-Za-z0-9:._-]{0,252}");
    private static final Pattern SPEC = Pattern.compile("[A-Za-z0-9][A-Za-z0-9:._-]{0,62}");

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
        if (text.length() > MAX_DESCRIPTION || text.codePoints().anyMatch(Names::spoilsALine)) {
            throw invalid(
                    "the description '%s' is not allowed: at most %d characters, none of them invisible"
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
            checkValue("label '%s'".formatted(label.getKey()), label.getValue());
        }
    }

    static void checkParticulars(Particulars more) throws OperationException {
        checkValue("zone", more.zone());
        checkValue("project", more.project());
        checkValue("user", more.user());
        checkSpecs("spec", more.specs());
        checkSpecs("qos", more.qos());
    }

    private static void checkSpecs(String what, Map<String, String> specs)
            throws OperationException {
        if (specs.size() > MAX_LABELS) {
            throw invalid(
                    "%d %s keys are too many: at most %d"
                            .formatted(specs.size(), what, MAX_LABELS));
        }
        for (Map.Entry<String, String> spec : specs.entrySet()) {
            // As Cinder has them, with colons and capitals: capabilities:thin_provisioning.
            if (!SPEC.matcher(spec.getKey()).matches()) {
                throw invalid(
                        "%s key '%s' is not allowed: use 1 to 63 letters, digits, ':', '.', '_' and '-'"
                                .formatted(what, shortened(spec.getKey())));
            }
            checkValue("%s '%s'".formatted(what, spec.getKey()), spec.getValue());
        }
    }

    static void checkValue(String what, String value) throws OperationException {
        if (value.length() > MAX_LABEL_VALUE || value.codePoints().anyMatch(Names::spoilsALine)) {
            throw invalid(
                    "the value '%s' of %s is not allowed: at most %d characters, none of them invisible"
                            .formatted(shortened(value), what, MAX_LABEL_VALUE));
        }
    }

    /** A host's name or address, as it stands in lists and in connectors. */
    static void checkHost(String host) throws OperationException {
        // JConsole fills that word in.
        if (!HOST.matcher(host).matches() || host.equals("String")) {
            throw invalid(
                    "the host '%s' is not allowed: use its name or address, 1 to 253 letters, digits, '.', ':', '_' and '-'"
                            .formatted(shortened(host)));
        }
    }

    static void checkConnector(Map<String, String> connector) throws OperationException {
        for (String key : connector.keySet()) {
            if (!CONNECTOR.contains(key)) {
                throw invalid(
                        "'%s' is not known of a host: use mode, protocol, %s"
                                .formatted(
                                        shortened(key),
                                        String.join(", ", new TreeSet<>(CONNECTOR))));
            }
            checkValue(key, connector.get(key));
        }
    }

    /** What lies on a backend, as its driver calls it; the driver knows more of it. */
    static void checkPath(String path) throws OperationException {
        if (path.isBlank()
                || path.length() > MAX_PATH
                || path.codePoints().anyMatch(Names::spoilsALine)) {
            throw invalid(
                    "the path '%s' is not allowed: use one that listUnmanaged gives, of at most %d characters"
                            .formatted(shortened(path), MAX_PATH));
        }
    }

    private static OperationException invalid(String message) {
        return new OperationException(Code.INVALID, message);
    }

    /** A caller's text for a message: bounded, and without characters that would break a line. */
    public static String shortened(String text) {
        return clean(text.length() > 80 ? text.substring(0, 80) + "…" : text);
    }

    /** A text as it may stand in a line, with a question mark for what would spoil it. */
    public static String clean(String text) {
        return text.codePoints()
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
