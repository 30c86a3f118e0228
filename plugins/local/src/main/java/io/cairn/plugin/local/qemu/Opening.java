package io.cairn.plugin.local.qemu;

import java.util.List;
import java.util.Map;

/**
 * What a storage daemon opens when it starts, in QEMU's words.
 *
 * @param objects what the nodes need, each as {@code --object} takes it
 * @param nodes the block nodes, what lies below first; the last is {@link StorageDaemon#DISK},
 *     which says by {@code read-only} whether it may be written
 */
public record Opening(List<String> objects, List<Map<String, Object>> nodes) {
    public Opening {
        objects = List.copyOf(objects);
        nodes = List.copyOf(nodes);
        if (nodes.isEmpty() || !StorageDaemon.DISK.equals(nodes.getLast().get("node-name"))) {
            throw new IllegalArgumentException("nothing to be shown: " + nodes);
        }
    }
}
