package io.cairn.daemon.volume.history;

import io.cairn.daemon.volume.OperationException.Code;

import java.util.Optional;
import java.util.UUID;

/** What came of a request, as far as the client can see. */
public sealed interface Answer {
    record Refused(Code code) implements Answer {}

    record Done() implements Answer {}

    record Found(Optional<Sight> volume) implements Answer {}

    record FoundSnapshot(Optional<UUID> snapshot) implements Answer {}

    /**
     * What was made, or was there already.
     *
     * @param size of the volume; of a snapshot that of its volume when it was cut
     * @param word what it held when it was made, if anybody knows
     */
    record Made(UUID id, long size, Optional<String> word) implements Answer {}

    record Connected(UUID connection) implements Answer {}

    record Ended(int connections) implements Answer {}

    record Held(String word) implements Answer {}

    /** A volume at rest, as one look shows it. */
    record Sight(UUID id, long size, long snapshots, long connections) {}
}
