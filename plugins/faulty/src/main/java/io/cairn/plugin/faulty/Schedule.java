package io.cairn.plugin.faulty;

import java.lang.reflect.Method;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which calls go wrong, and how. It follows from the seed, how often the backend was opened before,
 * and the number of the call since; so that a daemon that was halted does not meet the same end
 * again, and a run with the same order of calls is the same. Immutable.
 *
 * @param every one call of so many goes wrong on average; 0 for none
 * @param weights how often each kind is taken, as against the others
 * @param calls the names of those that can go wrong; empty for all
 */
record Schedule(long seed, long every, Map<Kind, Integer> weights, Set<String> calls) {
    static final String ALL = "all";
    private static final int MOST_WEIGHT = 1_000_000;
    private static final long LIFE_STRIDE = 0x9E3779B97F4A7C15L;
    private static final long CALL_STRIDE = 0xD1B54A32D192ED03L;

    /** A call of a driver, by its name and the type of its answer. */
    record Signature(String call, Class<?> answer) {
        static Signature of(Method method) {
            return new Signature(method.getName(), method.getReturnType());
        }
    }

    Schedule {
        weights = Map.copyOf(weights);
        calls = Set.copyOf(calls);
    }

    /**
     * Reads it as a backend's settings have it.
     *
     * @param kinds words of kinds, with commas between them, each with a colon and its weight if
     *     that is not 1; {@link #ALL} for each of them
     * @param calls names of calls, with commas between them, or {@link #ALL}
     * @throws IllegalArgumentException if it cannot be read
     */
    static Schedule read(long seed, long every, String kinds, String calls) {
        if (every < 0) {
            throw new IllegalArgumentException("every %d calls is below 0".formatted(every));
        }
        Map<Kind, Integer> weights = new EnumMap<>(Kind.class);
        for (String part : kinds.split(",", -1)) {
            String[] sides = part.strip().split(":", 2);
            int weight = sides.length == 1 ? 1 : weight(part, sides[1]);
            List<Kind> named =
                    sides[0].equals(ALL)
                            ? List.of(Kind.values())
                            : List.of(Kind.of(sides[0]).orElseThrow(() -> unknown(sides[0])));
            named.forEach(kind -> weights.put(kind, weight));
        }
        Set<String> names =
                calls.equals(ALL)
                        ? Set.of()
                        : Stream.of(calls.split(",", -1))
                                .map(String::strip)
                                .collect(Collectors.toSet());
        for (String name : names) {
            if (!Spi.calls().contains(name)) {
                throw new IllegalArgumentException(
                        "'%s' is no call of a driver: take of %s, or %s"
                                .formatted(name, String.join(", ", Spi.calls()), ALL));
            }
        }
        return new Schedule(seed, every, weights, names);
    }

    private static int weight(String part, String text) {
        try {
            int weight = Integer.parseInt(text);
            if (weight >= 0 && weight <= MOST_WEIGHT) {
                return weight;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'%s' has no number".formatted(part), e);
        }
        throw new IllegalArgumentException(
                "the weight of '%s' is not from 0 to %d".formatted(part, MOST_WEIGHT));
    }

    private static IllegalArgumentException unknown(String word) {
        return new IllegalArgumentException(
                "'%s' is no kind of fault: take of %s, or %s"
                        .formatted(
                                word,
                                Stream.of(Kind.values())
                                        .map(Kind::word)
                                        .collect(Collectors.joining(", ")),
                                ALL));
    }

    /**
     * How a call goes wrong, if it does.
     *
     * @param life how often the backend was opened, this time included
     * @param number of the call since then
     */
    Optional<Kind> faultOf(long life, long number, Signature signature) {
        if (every == 0 || !(calls.isEmpty() || calls.contains(signature.call()))) {
            return Optional.empty();
        }
        SplittableRandom random =
                new SplittableRandom(seed + life * LIFE_STRIDE + number * CALL_STRIDE);
        if (random.nextLong(every) != 0) {
            return Optional.empty();
        }
        List<Kind> fitting =
                Stream.of(Kind.values())
                        .filter(kind -> kind.fits(signature.call(), signature.answer()))
                        .toList();
        int sum = fitting.stream().mapToInt(kind -> weights.getOrDefault(kind, 0)).sum();
        int at = sum == 0 ? 0 : random.nextInt(sum);
        for (Kind kind : fitting) {
            at -= weights.getOrDefault(kind, 0);
            if (at < 0) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
