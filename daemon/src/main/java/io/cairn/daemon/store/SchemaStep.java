package io.cairn.daemon.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One step of the schema, applied once to every database and never changed after a release.
 *
 * @param number from 1; a step is applied after all with lower numbers
 * @param name a word or two for the operator
 * @param sql statements, each ended by a semicolon at the end of a line; {@code --} begins a
 *     comment where it begins a line
 */
public record SchemaStep(int number, String name, String sql) {
    private static final Pattern RESOURCE = Pattern.compile("(?:.*/)?(\\d+)-([a-z0-9-]+)\\.sql");

    public SchemaStep {
        if (number < 1) {
            throw new IllegalArgumentException("schema step %d; they begin at 1".formatted(number));
        }
    }

    /**
     * Reads steps from resources named like {@code 001-volumes.sql}, beside the anchor class.
     *
     * @throws IllegalArgumentException if one is not there or is named otherwise
     */
    public static List<SchemaStep> load(Class<?> anchor, String... resourceNames) {
        List<SchemaStep> steps = new ArrayList<>();
        for (String resource : resourceNames) {
            Matcher named = RESOURCE.matcher(resource);
            if (!named.matches()) {
                throw new IllegalArgumentException(
                        "schema step %s is not named like 001-volumes.sql".formatted(resource));
            }
            try (InputStream in = anchor.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IllegalArgumentException(
                            "schema step %s is not beside %s"
                                    .formatted(resource, anchor.getName()));
                }
                steps.add(
                        new SchemaStep(
                                Integer.parseInt(named.group(1)),
                                named.group(2),
                                new String(in.readAllBytes(), UTF_8)));
            } catch (IOException e) {
                throw new UncheckedIOException("schema step %s".formatted(resource), e);
            }
        }
        return List.copyOf(steps);
    }

    /** The steps of several features, in their order. */
    public static List<SchemaStep> together(List<List<SchemaStep>> features) {
        return features.stream()
                .flatMap(List::stream)
                .sorted(Comparator.comparingInt(SchemaStep::number))
                .toList();
    }

    /** What the text is, whatever the line ends of the machine it was built on. */
    String sha256() {
        try {
            byte[] text = sql.replace("\r\n", "\n").getBytes(UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    List<String> statements() {
        List<String> statements = new ArrayList<>();
        StringBuilder statement = new StringBuilder();
        for (String line : sql.lines().toList()) {
            if (line.strip().startsWith("--")) {
                continue;
            }
            statement.append(line).append('\n');
            if (line.stripTrailing().endsWith(";")) {
                statements.add(statement.substring(0, statement.lastIndexOf(";")).strip());
                statement.setLength(0);
            }
        }
        if (!statement.toString().isBlank()) {
            throw new IllegalArgumentException(
                    "schema step %d (%s) does not end with a semicolon: %s"
                            .formatted(number, name, statement.toString().strip()));
        }
        return statements;
    }
}
