package io.cairn.spi;

import java.util.List;
import java.util.Optional;

/**
 * One setting of a driver. Made by {@link #required} or {@link #optional}, and refined by the
 * methods that return a copy.
 *
 * @param name the key in {@code etc/backends/NAME.properties}: lower-case words joined by dots
 * @param type how the text is read
 * @param required whether a backend without it is refused
 * @param fallback the value of an optional setting that is not set, as it would be written
 * @param secret whether its value is hidden wherever settings are shown
 * @param help one sentence for the operator
 * @param choices the values allowed; empty if any value of the type is
 */
public record Option(
        String name,
        Type type,
        boolean required,
        Optional<String> fallback,
        boolean secret,
        String help,
        List<String> choices) {

    /** How the text of a setting is read. */
    public enum Type {
        /** Any text that is not empty. */
        TEXT,
        /** A whole number that fits a {@code long}. */
        INTEGER,
        /** {@code true} or {@code false}. */
        BOOLEAN,
        /** A size with its unit, such as {@code 10GiB}; see {@link ByteSize}. */
        SIZE,
        /** An ISO-8601 duration, such as {@code PT30S}. */
        DURATION,
        /** An absolute path without {@code ..}. */
        PATH,
    }

    public Option {
        choices = List.copyOf(choices);
        if (required && fallback.isPresent()) {
            throw new IllegalArgumentException("required option %s has a fallback".formatted(name));
        }
    }

    public static Option required(String name, Type type, String help) {
        return new Option(name, type, true, Optional.empty(), false, help, List.of());
    }

    public static Option optional(String name, Type type, String fallback, String help) {
        return new Option(name, type, false, Optional.of(fallback), false, help, List.of());
    }

    public Option hidden() {
        return new Option(name, type, required, fallback, true, help, choices);
    }

    public Option among(String... values) {
        return new Option(name, type, required, fallback, secret, help, List.of(values));
    }
}
