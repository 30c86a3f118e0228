package io.cairn.spi;

import java.util.Set;

/**
 * What an operator should know of an open backend. It is found out when the driver opens and stays
 * the same until it closes.
 *
 * @param snapshotMethod how a snapshot is cut here, in a word or two, such as {@code reflink}
 * @param snapshotCost what the time and space of a snapshot grow with, in a sentence
 * @param traits what holds for this backend; the TCK checks each, present or absent
 */
public record BackendFacts(String snapshotMethod, String snapshotCost, Set<Trait> traits) {
    public BackendFacts {
        traits = Set.copyOf(traits);
    }

    /** A property that some backends have and others have not. */
    public enum Trait {
        /** A new volume takes next to no space; it grows as it is written. */
        THIN,
        /** A snapshot shares its content with its volume: cutting it takes next to no space. */
        SHARED_SNAPSHOTS,
        /** A volume made from a snapshot shares its content: making it takes next to no space. */
        SHARED_CLONES,
        /** Several hosts may have one volume exported, and write to it, at the same time. */
        MULTI_ATTACH,
    }
}
