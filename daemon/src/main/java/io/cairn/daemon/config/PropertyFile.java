package io.cairn.daemon.config;

import io.cairn.spi.ByteSize;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.Reader;
import java.io.Serial;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One file of keys and values. Reading a key makes it known; what is wrong is collected, and the
 * fallback returned in its place, so that the reading goes on.
 */
final class PropertyFile {
    private final String name;
    private final List<String> problems;
    private final Map<String, String> values = new TreeMap<>();
    private final Map<String, String> known = new TreeMap<>();

    /**
     * @param name the file as problems name it
     * @param problems where they go
     */
    PropertyFile(String name, Path path, Map<String, String> overrides, List<String> problems) {
        this.name = name;
        this.problems = problems;
        Ownership.writableByOthers(path)
                .filter(_ -> Files.exists(path))
                .ifPresent(text -> problem("", text));
        Strict strict = new Strict();
        try (Reader reader = Files.newBufferedReader(path)) {
            strict.load(reader);
        } catch (NoSuchFileException e) {
            problem("", "%s does not exist: copy it from the distribution".formatted(path));
        } catch (CharacterCodingException e) {
            problem("", "it is not UTF-8: save it as UTF-8");
        } catch (IOException | IllegalArgumentException e) {
            problem("", "it cannot be read: %s".formatted(e.getMessage()));
        }
        strict.twice.forEach(
                key -> problem(key, "it is set more than once: keep one of the lines"));
        strict.forEach((key, value) -> values.put((String) key, ((String) value).strip()));
        values.putAll(overrides);
        values.forEach(
                (key, value) -> {
                    if (value.isEmpty()) {
                        problem(key, "it has no value: give it one, or take the line out");
                    }
                });
        values.values().removeIf(String::isEmpty);
    }

    /** The keys that were asked for, each with its fallback as it would be written. */
    Map<String, String> known() {
        return Map.copyOf(known);
    }

    Optional<String> text(String key) {
        known.put(key, "");
        return Optional.ofNullable(values.get(key));
    }

    String text(String key, String fallback) {
        return read(key, fallback, fallback, text -> text);
    }

    boolean flag(String key, boolean fallback) {
        return read(
                key,
                String.valueOf(fallback),
                fallback,
                text ->
                        switch (text) {
                            case "true" -> true;
                            case "false" -> false;
                            default -> throw wrong(text, "neither true nor false");
                        });
    }

    int integer(String key, int fallback, int least, int most) {
        String range = "not a whole number from %d to %d".formatted(least, most);
        return read(
                key,
                String.valueOf(fallback),
                fallback,
                text -> {
                    int value;
                    try {
                        value = Integer.parseInt(text);
                    } catch (NumberFormatException _) {
                        throw wrong(text, range);
                    }
                    if (value < least || value > most) {
                        throw wrong(text, range);
                    }
                    return value;
                });
    }

    OptionalDouble decimal(String key, double least, double most) {
        String range =
                "not a number from %s to %s, such as 1.5"
                        .formatted(
                                BigDecimal.valueOf(least).toPlainString(),
                                BigDecimal.valueOf(most).stripTrailingZeros().toPlainString());
        return read(
                key,
                "",
                OptionalDouble.empty(),
                text -> {
                    if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
                        throw wrong(text, range);
                    }
                    double value = Double.parseDouble(text);
                    if (value < least || value > most) {
                        throw wrong(text, range);
                    }
                    return OptionalDouble.of(value);
                });
    }

    Reserve reserve(String key, String fallback) {
        return read(key, fallback, Reserve.parse(fallback), Reserve::parse);
    }

    long sizeBytes(String key, String fallback) {
        return read(key, fallback, ByteSize.parse(fallback), ByteSize::parse);
    }

    /** A duration above zero. */
    Duration duration(String key, String fallback) {
        return duration(key, fallback, Duration::isPositive, "not above zero and at most a year");
    }

    /** A duration that may be zero. */
    Duration time(String key, String fallback) {
        return duration(key, fallback, value -> !value.isNegative(), "not from zero to a year");
    }

    private Duration duration(
            String key, String fallback, Predicate<Duration> allowed, String otherwise) {
        return read(
                key,
                fallback,
                Duration.parse(fallback),
                text -> {
                    Duration value;
                    try {
                        value = text.equals("0") ? Duration.ZERO : Duration.parse(text);
                    } catch (DateTimeParseException _) {
                        throw wrong(text, "not an ISO-8601 duration: write PT30S or PT5M");
                    }
                    if (!allowed.test(value) || value.compareTo(Duration.ofDays(365)) > 0) {
                        throw wrong(text, otherwise);
                    }
                    return value;
                });
    }

    /** A path; a relative one is below {@code base}. */
    Path path(String key, String fallback, Path base) {
        Path otherwise = base.resolve(fallback).normalize();
        return read(key, fallback, otherwise, text -> base.resolve(text).normalize());
    }

    <E extends Enum<E>> E among(String key, E fallback) {
        List<String> words = new ArrayList<>();
        for (E value : fallback.getDeclaringClass().getEnumConstants()) {
            words.add(word(value));
        }
        return read(
                key,
                word(fallback),
                fallback,
                text -> {
                    if (!words.contains(text)) {
                        throw wrong(text, "not one of " + String.join(", ", words));
                    }
                    return Enum.valueOf(
                            fallback.getDeclaringClass(), text.toUpperCase(Locale.ROOT));
                });
    }

    /** What was not asked for. */
    Map<String, String> others() {
        Map<String, String> others = new TreeMap<>(values);
        others.keySet().removeAll(known.keySet());
        return others;
    }

    void refuseOthers() {
        others().keySet()
                .forEach(key -> problem(key, "unknown" + Spelling.hint(key, known.keySet())));
    }

    void problem(String key, String text) {
        problems.add("%s: %s%s".formatted(name, key.isEmpty() ? "" : key + ": ", text));
    }

    private <T> T read(String key, String shown, T fallback, Function<String, T> parse) {
        known.put(key, shown);
        String text = values.get(key);
        if (text == null) {
            return fallback;
        }
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            problem(key, String.valueOf(e.getMessage()));
            return fallback;
        }
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static IllegalArgumentException wrong(String text, String why) {
        return new IllegalArgumentException("'%s' is %s".formatted(text, why));
    }

    /** Notices a key that comes twice, of which {@link Properties} would keep the last. */
    private static final class Strict extends Properties {
        @Serial private static final long serialVersionUID = 1;

        private final transient List<String> twice = new ArrayList<>();

        @Override
        public synchronized @Nullable Object put(Object key, Object value) {
            if (containsKey(key) && !twice.contains(key)) {
                twice.add((String) key);
            }
            return super.put(key, value);
        }
    }
}
