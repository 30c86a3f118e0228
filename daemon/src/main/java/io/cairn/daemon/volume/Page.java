package io.cairn.daemon.volume;

import java.util.List;

/**
 * A part of a list.
 *
 * @param items at most as many as were asked for
 * @param continuation what to pass to get the items after these; empty if these are the last
 */
public record Page<T>(List<T> items, String continuation) {
    public Page {
        items = List.copyOf(items);
    }
}
