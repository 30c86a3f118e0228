package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Ranges;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.DriverException;
import io.cairn.spi.Measuring;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a snapshot's layer has that is not needed once nothing names it: all of it if nothing lies
 * over it, and if just one layer does, what that one has written too, since the two become one. How
 * much that is grows with the layers that the backend has, whose heads are read.
 */
final class Measured implements Measuring {
    private static final int TRIES = 20;

    private final Calls calls;
    private final Lookup lookup;
    private final QemuImg tool;

    Measured(Calls calls, Lookup lookup, QemuImg tool) {
        this.calls = calls;
        this.lookup = lookup;
        this.tool = tool;
    }

    /**
     * How the layers lie over each other.
     *
     * @param below what each lies over, where it lies over anything
     * @param named those that a card names
     */
    private record Graph(Map<LayerId, LayerId> below, Set<LayerId> named) {
        Set<LayerId> over(LayerId layer) {
            Set<LayerId> over = new HashSet<>();
            below.forEach(
                    (upper, lower) -> {
                        if (lower.equals(layer)) {
                            over.add(upper);
                        }
                    });
            return over;
        }

        /** As it will be once a layer is removed. */
        Graph without(LayerId layer) {
            Map<LayerId, LayerId> rest = new HashMap<>(below);
            rest.remove(layer);
            return new Graph(rest, named);
        }
    }

    @Override
    public long freedByDeleting(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calls.call(
                "measure snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    for (int left = TRIES; left > 0; left--) {
                        LayerId layer = layer(os, id, volume);
                        Graph graph = graph(os);
                        try {
                            return freed(layer, graph);
                        } catch (OsException e) {
                            // A layer may be gone since it was looked for.
                            if (layer.equals(layer(os, id, volume)) && graph.equals(graph(os))) {
                                throw e;
                            }
                        }
                    }
                    throw new OsException(
                            UNAVAILABLE, "its layers are merged all the time; try again later");
                });
    }

    private LayerId layer(Native os, SnapshotId id, VolumeId volume) throws OsException {
        return lookup.existingCard(os, Target.of(volume, id)).layer();
    }

    private Graph graph(Native os) throws OsException, IOException {
        Map<LayerId, LayerId> below = new HashMap<>();
        for (LayerId layer : lookup.layers().all()) {
            lookup.layers()
                    .headIfWhole(os, layer)
                    .flatMap(Layers.Head::below)
                    .ifPresent(lower -> below.put(layer, lower));
        }
        return new Graph(below, lookup.named().whole());
    }

    private long freed(LayerId layer, Graph graph)
            throws OsException, InterruptedException, IOException {
        Set<LayerId> over = graph.over(layer);
        if (over.size() > 1) {
            return 0;
        }
        if (over.size() == 1) {
            return bytes(Ranges.both(written(layer, true), written(over.iterator().next(), false)));
        }
        long bytes = bytes(written(layer, true));
        Optional<LayerId> below = Optional.ofNullable(graph.below().get(layer));
        if (below.isPresent() && !graph.named().contains(below.get())) {
            bytes += freed(below.get(), graph.without(layer));
        }
        return bytes;
    }

    /**
     * Where a layer itself was written to.
     *
     * @param data whether only what takes space counts
     */
    private List<ChangedRange> written(LayerId layer, boolean data)
            throws OsException, InterruptedException, IOException {
        Ranges written = new Ranges(0, Long.MAX_VALUE, Integer.MAX_VALUE);
        tool.map(
                lookup.layers().path(layer),
                0,
                part -> {
                    if (part.written() && part.depth() == 0 && (part.data() || !data)) {
                        written.add(part.offsetBytes(), part.lengthBytes());
                    }
                    return true;
                });
        return written.found();
    }

    private static long bytes(List<ChangedRange> ranges) {
        return ranges.stream().mapToLong(ChangedRange::lengthBytes).sum();
    }
}
