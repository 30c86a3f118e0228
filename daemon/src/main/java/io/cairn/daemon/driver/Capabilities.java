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
                Map.of(
                        "growing", open.growing(),
                        "cloning", open.cloning(),
                        "reverting", open.reverting(),
                        "attaching", open.attaching(),
                        "exporting", open.exporting(),
                        "adopting", open.adopting(),
                        "handing", open.handing(),
                        "measuring", open.measuring(),
                        "background", open.background(),
                        "inspecting", open.inspecting());
        accessors.forEach(
                (word, capability) -> {
                    if (capability.isPresent()) {
                        words.add(word);
                    }
                });
        return words;
    }
}
