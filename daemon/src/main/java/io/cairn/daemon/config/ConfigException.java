package io.cairn.daemon.config;

import java.io.Serial;
import java.util.List;

/** The configuration is wrong. Carries every problem that was found, a line each. */
public final class ConfigException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    @SuppressWarnings("serial") // what List.copyOf makes can be serialized
    private final List<String> problems;

    public ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    /** What is wrong, a line each for the operator: file, key, why, what to do. Never empty. */
    public List<String> problems() {
        return problems;
    }
}
