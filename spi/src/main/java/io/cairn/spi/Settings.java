package io.cairn.spi;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One backend's settings, checked against the driver's {@linkplain DriverInfo#options options}. A
 * getter never fails on text: what is here was read once already. Asking for a setting that the
 * driver did not declare is a bug of the driver. Immutable.
 */
public final class Settings {
    private final Map<String, Option> options = new TreeMap<>();
    private final Map<String, String> values = new TreeMap<>();

    /**
     * @throws IllegalArgumentException with every one of {@link #problems}, a line each, if there
     *     are any
     */
    public Settings(List<Option> options, Map<String, String> values) {
        List<String> problems = problems(options, values);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", problems));
        }
        for (Option option : options) {
            this.options.put(option.name(), option);
            option.fallback().ifPresent(text -> this.values.put(option.name(), text));
        }
        this.values.putAll(values);
    }

    /**
     * Everything that is wrong with some settings, a line each for the operator; empty if nothing
     * is.
     */
    public static List<String> problems(List<Option> options, Map<String, String> values) {
        List<String> problems = new ArrayList<>();
        Map<String, String> unknown = new TreeMap<>(values);
        for (Option option : options) {
            unknown.remove(option.name());
            String text = values.get(option.name());
            if (text == null) {
                if (option.required()) {
                    problems.add(
                            "setting '%s' is missing: %s".formatted(option.name(), option.help()));
                }
                continue;
            }
            try {
                read(option, text);
            } catch (IllegalArgumentException e) {
                problems.add("setting '%s': %s".formatted(option.name(), e.getMessage()));
            }
        }
        unknown.keySet().forEach(name -> problems.add("setting '%s' is unknown".formatted(name)));
        return List.copyOf(problems);
    }

    public String text(String name) {
        return value(name, Option.Type.TEXT, String.class);
    }

    public long integer(String name) {
        return value(name, Option.Type.INTEGER, Long.class);
    }

    public boolean flag(String name) {
        return value(name, Option.Type.BOOLEAN, Boolean.class);
    }

    /** A size in bytes. */
    public long sizeBytes(String name) {
        return value(name, Option.Type.SIZE, Long.class);
    }

    public Duration duration(String name) {
        return value(name, Option.Type.DURATION, Duration.class);
    }

    public Path path(String name) {
        return value(name, Option.Type.PATH, Path.class);
    }

    /** Every setting with its value, fallbacks included, secrets as {@code ***}; by name. */
    public Map<String, String> shown() {
        Map<String, String> shown = new TreeMap<>(values);
        options.values().stream()
                .filter(Option::secret)
                .forEach(option -> shown.computeIfPresent(option.name(), (_, _) -> "***"));
        return shown;
    }

    @Override
    public String toString() {
        return shown().toString();
    }

    private <T> T value(String name, Option.Type type, Class<T> as) {
        Option option = options.get(name);
        String text = values.get(name);
        if (option == null || text == null || option.type() != type) {
            throw new IllegalStateException(
                    "'%s' is no declared option of type %s".formatted(name, type));
        }
        return as.cast(read(option, text));
    }

    private static Object read(Option option, String text) {
        if (!option.choices().isEmpty() && !option.choices().contains(text)) {
            throw new IllegalArgumentException(
                    "%s is not one of %s"
                            .formatted(shown(option, text), String.join(", ", option.choices())));
        }
        return switch (option.type()) {
            case TEXT -> {
                if (text.isEmpty()) {
                    throw new IllegalArgumentException("it is empty");
                }
                yield text;
            }
            case INTEGER -> {
                try {
                    yield Long.valueOf(text);
                } catch (NumberFormatException e) {
                    throw new IllegalArgumentException(
                            shown(option, text) + " is not a whole number", e);
                }
            }
            case BOOLEAN ->
                    switch (text) {
                        case "true" -> true;
                        case "false" -> false;
                        default ->
                                throw new IllegalArgumentException(
                                        shown(option, text) + " is neither true nor false");
                    };
            case SIZE -> ByteSize.parse(text);
            case DURATION -> {
                try {
                    Duration duration = Duration.parse(text);
                    if (duration.isNegative()) {
                        throw new IllegalArgumentException(shown(option, text) + " is negative");
                    }
                    yield duration;
                } catch (DateTimeParseException e) {
                    throw new IllegalArgumentException(
                            shown(option, text)
                                    + " is not an ISO-8601 duration: write PT30S or PT5M",
                            e);
                }
            }
            case PATH -> path(option, text);
        };
    }

    private static Path path(Option option, String text) {
        try {
            Path path = Path.of(text);
            if (path.isAbsolute() && path.equals(path.normalize())) {
                return path;
            }
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(shown(option, text) + " is not a path", e);
        }
        throw new IllegalArgumentException(
                shown(option, text) + " is not an absolute path without '.' and '..'");
    }

    private static String shown(Option option, String text) {
        return option.secret() ? "the value" : "'" + text + "'";
    }
}
