package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Differing;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where snapshots differ, as Ceph knows it. */
final class Differences implements Differing {
    private final Calling calling;
    private final Cluster cluster;
    private final Lookup lookup;

    Differences(Calling calling, Cluster cluster, Lookup lookup) {
        this.calling = calling;
        this.cluster = cluster;
        this.lookup = lookup;
    }

    @Override
    public List<ChangedRange> changed(
            VolumeId volume,
            SnapshotId snapshot,
            Optional<SnapshotId> base,
            long fromByte,
            int most)
            throws DriverException, InterruptedException {
        return calling.call(
                "compare snapshot %s of volume %s".formatted(snapshot, volume),
                () -> changed(Names.image(volume), snapshot, base, fromByte, most));
    }

    private List<ChangedRange> changed(
            String name, SnapshotId snapshot, Optional<SnapshotId> base, long fromByte, int most)
            throws OsException, InterruptedException {
        Image.Snap shown;
        Optional<Image.Snap> other = Optional.empty();
        try (Image image = lookup.opened(name)) {
            shown = lookup.existing(image, snapshot);
            if (base.isPresent()) {
                other = Optional.of(lookup.existing(image, base.get()));
            }
        }
        if (other.isPresent() && other.get().number() == shown.number()) {
            return List.of();
        }
        // Ceph compares with what is older.
        boolean turned = other.isPresent() && other.get().number() > shown.number();
        Image.Snap newer = turned ? other.orElseThrow() : shown;
        Optional<String> older = turned ? Optional.of(shown.name()) : other.map(Image.Snap::name);
        try (Image image = Image.openToRead(cluster, name, newer.name())) {
            return new Walk(new Comparison(image, older, true), shown, newer, fromByte, most)
                    .ranges();
        }
    }

    /** A way through the content from one byte on, until there are enough ranges. */
    private static final class Walk {
        private final Comparison comparison;
        private final Image.Snap shown;
        private final long compared;
        private final long from;
        private final int most;
        private final List<ChangedRange> ranges = new ArrayList<>();
        private long begin = -1;
        private long end = -1;

        Walk(Comparison comparison, Image.Snap shown, Image.Snap newer, long from, int most) {
            this.comparison = comparison;
            this.shown = shown;
            this.compared = Math.min(newer.sizeBytes(), shown.sizeBytes());
            this.from = from;
            this.most = most;
        }

        List<ChangedRange> ranges() throws OsException, InterruptedException {
            for (long at = from; at < compared; at += Comparison.WINDOW) {
                if (!walk(at, Math.min(compared, at + Comparison.WINDOW))) {
                    return ranges;
                }
            }
            // What it has beyond the end of the newer one may be anything.
            boolean full =
                    compared < shown.sizeBytes()
                            && !add(Math.max(from, compared), shown.sizeBytes());
            if (!full) {
                close();
            }
            return ranges;
        }

        /** False if there are enough. */
        private boolean walk(long begins, long ends) throws OsException, InterruptedException {
            for (ChangedRange object : comparison.objects(begins, ends)) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("interrupted while comparing snapshots");
                }
                long at = Math.max(begins, object.offsetBytes());
                for (ChangedRange each : comparison.ranges(at, Math.min(ends, object.endBytes()))) {
                    if (!add(each.offsetBytes(), Math.min(each.endBytes(), compared))) {
                        return false;
                    }
                }
            }
            return true;
        }

        /** False if there are enough. */
        private boolean add(long offset, long to) {
            if (offset >= to) {
                return true;
            }
            if (begin >= 0 && offset <= end) {
                end = Math.max(end, to);
                return true;
            }
            close();
            if (ranges.size() == most) {
                return false;
            }
            begin = offset;
            end = to;
            return true;
        }

        private void close() {
            if (begin >= 0 && ranges.size() < most) {
                ranges.add(new ChangedRange(begin, end - begin));
                begin = -1;
            }
        }
    }
}
