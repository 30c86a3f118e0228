package io.cairn.daemon.config;

import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A backend's settings, held against what its driver declares. */
public final class DriverSettings {
    private static final String FROM_FILE = ".file";

    private DriverSettings() {}

    /**
     * Checks the settings, with each {@code KEY.file} of a secret option replaced by what the file
     * holds. Reads those files anew at every call.
     *
     * @throws ConfigException with every problem of this backend
     */
    public static Settings read(BackendConfig backend, List<Option> options)
            throws ConfigException {
        String file = "backends/%s.properties: ".formatted(backend.name());
        List<String> problems = new ArrayList<>();
        Map<String, String> values = new TreeMap<>(backend.settings());
        for (Option option : options) {
            String key = option.name() + FROM_FILE;
            String path = values.get(key);
            if (!option.secret() || path == null || declares(options, key)) {
                continue;
            }
            values.remove(key);
            if (values.containsKey(option.name())) {
                problems.add(
                        "%s%s and %s are both set: keep one".formatted(file, option.name(), key));
                continue;
            }
            Optional<String> problem = secret(path, option.name(), values);
            if (problem.isPresent()) {
                problems.add(file + key + ": " + problem.get());
                // Any text of the type would do here: that it is missing would be a lie.
                options = options.stream().filter(other -> !other.equals(option)).toList();
            }
        }
        Set<String> names = new TreeSet<>(BackendConfig.KEYS);
        for (Option option : options) {
            names.add(option.name());
        }
        for (String key : List.copyOf(values.keySet())) {
            if (!declares(options, key)) {
                values.remove(key);
                problems.add(file + key + ": unknown" + Spelling.hint(key, names));
            }
        }
        Settings.problems(options, values).forEach(problem -> problems.add(file + problem));
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new Settings(options, values);
    }

    private static boolean declares(List<Option> options, String key) {
        return options.stream().anyMatch(option -> option.name().equals(key));
    }

    private static Optional<String> secret(String text, String key, Map<String, String> into) {
        try {
            Path path = Path.of(text);
            if (!path.isAbsolute()) {
                return Optional.of("'%s' is not an absolute path".formatted(text));
            }
            if (!Files.isRegularFile(path)) {
                return Optional.of("%s is not there, or not a file".formatted(path));
            }
            Optional<String> problem = Ownership.readableByOthers(path);
            if (problem.isEmpty()) {
                into.put(key, Files.readString(path).strip());
            }
            return problem;
        } catch (IOException | InvalidPathException e) {
            return Optional.of("it cannot be read: %s".formatted(e));
        }
    }
}
