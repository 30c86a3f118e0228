package io.cairn.daemon;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The command line.
 *
 * @param command its first word; {@code run} if there is none
 * @param etc the configuration folder
 * @param home the installation folder
 * @param overrides keys of {@code cairn.properties} that are set here
 * @param rest what follows the options, for commands that take more words
 */
record Arguments(
        String command, Path etc, Path home, Map<String, String> overrides, List<String> rest) {
    Arguments {
        overrides = Map.copyOf(overrides);
        rest = List.copyOf(rest);
    }

    /**
     * Reads {@code [COMMAND] [--etc DIR] [--data DIR] [--set KEY=VALUE]... [WORD]...}; options may
     * also come before the command.
     *
     * @throws IllegalArgumentException with what is wrong, for the user
     */
    static Arguments parse(List<String> words, Path home) {
        Path etc = home.resolve("etc");
        Map<String, String> overrides = new TreeMap<>();
        String command = "";
        Deque<String> left = new ArrayDeque<>(words);
        while (!left.isEmpty() && (command.isEmpty() || left.getFirst().startsWith("--"))) {
            String word = left.removeFirst();
            if (!word.startsWith("--")) {
                command = word;
                continue;
            }
            String value = left.isEmpty() ? "" : left.removeFirst();
            if (value.isEmpty()) {
                throw new IllegalArgumentException(word + " needs a value after it");
            }
            switch (word) {
                case "--etc" -> etc = Path.of(value).toAbsolutePath();
                case "--data" ->
                        overrides.put("data.folder", Path.of(value).toAbsolutePath().toString());
                case "--set" -> {
                    int at = value.indexOf('=');
                    if (at < 1) {
                        throw new IllegalArgumentException("--set needs KEY=VALUE, not " + value);
                    }
                    overrides.put(value.substring(0, at), value.substring(at + 1));
                }
                default -> throw new IllegalArgumentException("there is no option " + word);
            }
        }
        return new Arguments(
                command.isEmpty() ? "run" : command, etc, home, overrides, List.copyOf(left));
    }
}
