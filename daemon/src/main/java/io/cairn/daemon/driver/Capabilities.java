package io.cairn.daemon.driver;

import io.cairn.spi.BackendFacts;
import io.cairn.spi.Driver;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** What one backend can do, or does well, and not every one. */
final class Capabilities {
    private Capabilities() {}

    /**
     * In lower-case words joined by dashes, as operators read them.
     *
     * @param open asked once, since the answers hold until it is closed
     */
    static SortedSet<String> of(Driver open) {
        SortedSet<String> words = new TreeSet<>();
        for (BackendFacts.Trait trait : open.facts().traits()) {
            words.add(trait.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }
        Map<String, Optional<?>> accessors =
                Map.ofEntries(
                        Map.entry("growing", open.growing()),
                        Map.entry("cloning", open.cloning()),
                        Map.entry("reverting", open.reverting()),
                        Map.entry("attaching", open.attaching()),
                        Map.entry("exporting", open.exporting()),
                        Map.entry("adopting", open.adopting()),
                        Map.entry("handing", open.handing()),
                        Map.entry("measuring", open.measuring()),
                        Map.entry("background", open.background()),
                        Map.entry("inspecting", open.inspecting()),
                        Map.entry("differing", open.differing()));
        accessors.forEach(
                (word, capability) -> {
                    if (capability.isPresent()) {
                        words.add(word);
                    }
                });
        return words;
    }
}
