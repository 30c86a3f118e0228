package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;

import java.util.Locale;
import java.util.Set;

/** How the content of one file gets into another. */
enum Method {
    /** Only a setting: whichever of the others the file system allows. */
    AUTO,
    REFLINK,
    COPY;

    static Method of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    BackendFacts facts() {
        return switch (this) {
            case REFLINK ->
                    new BackendFacts(
                            word(),
                            "Time grows with the number of extents (fragments) of the volume's"
                                    + " file, not with its size; space with what the volume"
                                    + " changes afterwards.",
                            Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES));
            case COPY ->
                    new BackendFacts(
                            word(),
                            "Time and space grow with the data that the volume holds, and nobody"
                                    + " may have the volume open for writing meanwhile.",
                            Set.of(Trait.THIN));
            case AUTO -> throw new IllegalStateException("no method was chosen");
        };
    }
}
