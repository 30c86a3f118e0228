package io.cairn.daemon.transfer;

import io.cairn.daemon.volume.Dossier;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * An export that was read.
 *
 * @param keyValues those of callers, by key
 */
record Document(Header header, List<Dossier> dossiers, SortedMap<String, String> keyValues) {
    static final String FORMAT = "cairn-state";
    static final int VERSION = 1;

    /**
     * What stands first in an export.
     *
     * @param daemon whose state it is
     * @param what what was asked for
     * @param secrets whether the secrets of connections are in it
     */
    record Header(Instant exportedAt, UUID daemon, String what, boolean secrets) {}

    Document {
        dossiers = List.copyOf(dossiers);
        keyValues = Collections.unmodifiableSortedMap(new TreeMap<>(keyValues));
    }
}
