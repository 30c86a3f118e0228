package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Ranges;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Differing;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Where snapshots differ: what was written into the layers that only one of them lies over. Layers
 * that are being merged do not matter, for what is written into the lower one the upper one has.
 */
final class Differences implements Differing {
    private static final int TRIES = 20;

    private final Calls calls;
    private final Lookup lookup;
    private final QemuImg tool;

    Differences(Calls calls, Lookup lookup, QemuImg tool) {
        this.calls = calls;
        this.lookup = lookup;
        this.tool = tool;
    }

    @Override
    public List<ChangedRange> changed(
            VolumeId volume,
            SnapshotId snapshot,
            Optional<SnapshotId> base,
            long fromByte,
            int most)
            throws DriverException, InterruptedException {
        return calls.call(
                "compare snapshot %s of volume %s".formatted(snapshot, volume),
                os -> {
                    Target one = Target.of(volume, snapshot);
                    for (int left = TRIES; left > 0; left--) {
                        List<LayerId> chain = chain(os, one);
                        Optional<List<LayerId>> other =
                                base.isEmpty()
                                        ? Optional.empty()
                                        : Optional.of(chain(os, Target.of(volume, base.get())));
                        List<ChangedRange> changed = changed(os, chain, other, fromByte, most);
                        // Of other layers it would not be the difference.
                        if (chain.equals(chain(os, one))
                                && (base.isEmpty()
                                        || other.equals(
                                                Optional.of(
                                                        chain(
                                                                os,
                                                                Target.of(volume, base.get())))))) {
                            return changed;
                        }
                    }
                    throw new OsException(
                            UNAVAILABLE, "its layers are merged all the time; try again later");
                });
    }

    private List<LayerId> chain(Native os, Target target) throws OsException {
        return lookup.layers().chain(os, lookup.existingCard(os, target).layer());
    }

    private List<ChangedRange> changed(
            Native os, List<LayerId> chain, Optional<List<LayerId>> other, long fromByte, int most)
            throws OsException, InterruptedException, IOException {
        LayerId top = chain.getFirst();
        Ranges changed = new Ranges(fromByte, lookup.layers().head(os, top).sizeBytes(), most);
        if (other.isEmpty()) {
            tool.map(
                    lookup.layers().path(top),
                    fromByte,
                    part -> {
                        if (part.data()) {
                            changed.add(part.offsetBytes(), part.lengthBytes());
                        }
                        return !changed.full();
                    });
            return changed.found();
        }
        int shared = 0;
        while (shared < chain.size() && !other.get().contains(chain.get(shared))) {
            shared++;
        }
        int others =
                shared < chain.size() ? other.get().indexOf(chain.get(shared)) : other.get().size();
        if (others == 0) {
            written(top, shared, fromByte, changed);
            return changed.found();
        }
        // What either has that the other has not, in the order of both.
        List<ChangedRange> all = new ArrayList<>();
        for (List<LayerId> each : List.of(chain, other.get())) {
            Ranges own = new Ranges(fromByte, Long.MAX_VALUE, Integer.MAX_VALUE);
            written(each.getFirst(), each.equals(chain) ? shared : others, fromByte, own);
            all.addAll(own.found());
        }
        all.sort(Comparator.comparingLong(ChangedRange::offsetBytes));
        all.forEach(each -> changed.add(each.offsetBytes(), each.lengthBytes()));
        return changed.found();
    }

    /** Adds what is written in the topmost layers of a chain. */
    private void written(LayerId top, int layers, long fromByte, Ranges ranges)
            throws OsException, InterruptedException, IOException {
        if (layers > 0) {
            tool.map(
                    lookup.layers().path(top),
                    fromByte,
                    part -> {
                        if (part.written() && part.depth() < layers) {
                            ranges.add(part.offsetBytes(), part.lengthBytes());
                        }
                        return !ranges.full();
                    });
        }
    }
}
