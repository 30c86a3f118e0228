package io.cairn.daemon.jmx;

import java.util.SortedMap;
import java.util.stream.Collectors;

/** What a storage knows of its objects, as text. */
final class Inspection {
    private Inspection() {}

    /** A line each; what a driver says is kept to one. */
    static String text(SortedMap<String, String> found) {
        return found.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue().replaceAll("\\R", " "))
                .collect(Collectors.joining("\n"));
    }
}
