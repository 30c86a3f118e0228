package io.cairn.plugin.qcow2;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.plugin.local.qemu.Qmp;
import io.cairn.plugin.local.qemu.QmpException;
import io.cairn.plugin.local.qemu.StorageDaemon;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which of a storage daemon's nodes lies over which, at one moment. It is read by {@code
 * x-debug-query-block-graph}: QEMU 7.2 crashes in {@code query-named-block-nodes} while a job that
 * moved content between layers is concluded and not dismissed.
 */
final class NodeGraph {
    private static final String FILE = "file";
    private static final String BACKING = "backing";

    private final Map<Long, String> names = new HashMap<>();
    private final Map<Long, Map<String, Long>> below = new HashMap<>();

    private NodeGraph(JsonNode graph) {
        for (JsonNode node : graph.path("nodes")) {
            if (node.path("type").asText().equals("block-driver")) {
                names.put(node.path("id").asLong(), node.path("name").asText());
            }
        }
        for (JsonNode edge : graph.path("edges")) {
            below.computeIfAbsent(edge.path("parent").asLong(), _ -> new HashMap<>())
                    .put(edge.path("name").asText(), edge.path("child").asLong());
        }
    }

    static NodeGraph of(Qmp qmp) throws QmpException, IOException {
        return new NodeGraph(qmp.execute("x-debug-query-block-graph", Map.of()));
    }

    boolean has(Node node) {
        return names.containsValue(node.name());
    }

    /** The layers that the exports show, from the top down. */
    List<LayerId> chain() {
        return chain(StorageDaemon.DISK);
    }

    /** The layer that lies below one; empty if it is the lowest. */
    Optional<LayerId> below(Node layer) {
        return chain(layer.name()).stream().skip(1).findFirst();
    }

    private List<LayerId> chain(String from) {
        List<LayerId> chain = new ArrayList<>();
        Optional<Long> at = named(from);
        while (at.isPresent()) {
            Optional<LayerId> layer = layer(at.get());
            layer.ifPresent(chain::add);
            Map<String, Long> under = below.getOrDefault(at.get(), Map.of());
            // What QEMU itself puts between layers has what lies below as one or the other.
            Long next =
                    layer.isEmpty() && under.containsKey(FILE)
                            ? under.get(FILE)
                            : under.get(BACKING);
            at = Optional.ofNullable(next);
        }
        return chain;
    }

    /** Layers that are open, and of no use to any export; what lies over others comes first. */
    List<LayerId> unused() {
        List<LayerId> chain = chain();
        List<LayerId> unused = new ArrayList<>();
        for (long id : names.keySet()) {
            boolean top =
                    names.keySet().stream()
                            .map(each -> below.getOrDefault(each, Map.of()))
                            .noneMatch(under -> under.containsValue(id));
            Optional<Long> at = top ? Optional.of(id) : Optional.empty();
            while (at.isPresent()) {
                Optional<LayerId> layer = layer(at.get());
                if (layer.isEmpty() || chain.contains(layer.get())) {
                    break;
                }
                unused.add(layer.get());
                at = Optional.ofNullable(below.getOrDefault(at.get(), Map.of()).get(BACKING));
            }
        }
        return unused;
    }

    private Optional<Long> named(String name) {
        return names.entrySet().stream()
                .filter(node -> node.getValue().equals(name))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private Optional<LayerId> layer(long id) {
        return new Node(names.getOrDefault(id, "")).layer();
    }
}
