package io.cairn.plugin.faulty;

import io.cairn.spi.DriverException;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The other drivers that are seen from here: those of the same plugin folder, since a plugin sees
 * no other. Immutable.
 */
final class Others {
    private final SortedMap<String, DriverProvider> providers = new TreeMap<>();

    private Others() {}

    static Others find() {
        Others others = new Others();
        for (DriverProvider each :
                ServiceLoader.load(DriverProvider.class, Others.class.getClassLoader())) {
            if (!(each instanceof FaultyDriverProvider)) {
                others.providers.put(each.name(), each);
            }
        }
        return others;
    }

    /**
     * @throws DriverException INVALID if it is not there
     */
    DriverProvider provider(String name) throws DriverException {
        DriverProvider provider = providers.get(name);
        if (provider == null) {
            throw new DriverException(
                    DriverException.Kind.INVALID,
                    "%s: there is no driver '%s' in the plugin folder of '%s', only %s: put its jars there"
                            .formatted(
                                    FaultyDriverProvider.DRIVER,
                                    name,
                                    FaultyDriverProvider.NAME,
                                    providers.isEmpty()
                                            ? "that one"
                                            : String.join(", ", providers.keySet())));
        }
        return provider;
    }

    /**
     * The settings of all of them. Those of one alone are as it declares them. Where there are
     * several, each setting can be left out, and is read as text if they read it differently; it is
     * checked when a backend is opened.
     */
    List<Option> options() {
        if (providers.size() == 1) {
            return providers.firstEntry().getValue().info().options();
        }
        Map<String, Option> all = new TreeMap<>();
        for (DriverProvider provider : providers.values()) {
            for (Option option : provider.info().options()) {
                all.merge(
                        option.name(),
                        with(option.type(), option.secret(), option.choices(), option),
                        (one, other) ->
                                one.type() == other.type()
                                                && one.secret() == other.secret()
                                                && one.choices().equals(other.choices())
                                        ? one
                                        : with(
                                                Option.Type.TEXT,
                                                one.secret() || other.secret(),
                                                List.of(),
                                                one));
            }
        }
        return List.copyOf(all.values());
    }

    private static Option with(
            Option.Type type, boolean secret, List<String> choices, Option option) {
        return new Option(
                option.name(), type, false, Optional.empty(), secret, option.help(), choices);
    }

    /**
     * What one of them is given of all settings.
     *
     * @throws DriverException INVALID if it does not read them so
     */
    Settings settings(DriverProvider provider, Settings all) throws DriverException {
        List<Option> theirs = provider.info().options();
        Map<String, String> shown = all.shown();
        Map<String, String> values = new TreeMap<>();
        for (Option option : options()) {
            if (shown.containsKey(option.name())) {
                values.put(option.name(), text(all, option));
            }
        }
        try {
            return new Settings(theirs, values);
        } catch (IllegalArgumentException e) {
            throw new DriverException(
                    DriverException.Kind.INVALID,
                    "driver '%s' refuses its settings: %s"
                            .formatted(provider.name(), e.getMessage()),
                    e);
        }
    }

    /** A setting as it would be written. */
    private static String text(Settings all, Option option) {
        String name = option.name();
        return switch (option.type()) {
            case TEXT -> all.text(name);
            case INTEGER -> Long.toString(all.integer(name));
            case BOOLEAN -> Boolean.toString(all.flag(name));
            case SIZE -> all.sizeBytes(name) + "B";
            case DURATION -> all.duration(name).toString();
            case PATH -> all.path(name).toString();
        };
    }
}
