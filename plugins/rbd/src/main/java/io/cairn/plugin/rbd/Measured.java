package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Ranges;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.DriverException;
import io.cairn.spi.Measuring;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What a snapshot holds that was written since the one before it was cut, and again since. Nothing
 * is freed of one that a volume was made from: Ceph keeps it until that is gone. A neighbour that
 * was deleted and is kept so is not looked at, and what is shared with it counts as freed.
 */
final class Measured implements Measuring {
    private final Calling calling;
    private final Cluster cluster;
    private final Lookup lookup;

    Measured(Calling calling, Cluster cluster, Lookup lookup) {
        this.calling = calling;
        this.cluster = cluster;
        this.lookup = lookup;
    }

    @Override
    public long freedByDeleting(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calling.call(
                "measure snapshot %s of volume %s".formatted(id, volume),
                () -> freed(id, Names.image(volume)));
    }

    private long freed(SnapshotId id, String name) throws OsException, InterruptedException {
        Image.Snap shown;
        List<Image.Snap> snaps;
        try (Image image = lookup.opened(name)) {
            shown = lookup.existing(image, id);
            snaps = image.snaps();
        }
        Comparator<Image.Snap> byAge = Comparator.comparingLong(Image.Snap::number);
        Optional<String> older =
                snaps.stream()
                        .filter(each -> each.number() < shown.number())
                        .max(byAge)
                        .map(Image.Snap::name);
        Optional<String> newer =
                snaps.stream()
                        .filter(each -> each.number() > shown.number())
                        .min(byAge)
                        .map(Image.Snap::name);
        try (Image own = Image.openToRead(cluster, name, shown.name());
                Image next =
                        newer.isPresent()
                                ? Image.openToRead(cluster, name, newer.get())
                                : Image.openToRead(cluster, name)) {
            if (own.hasClones()) {
                return 0;
            }
            Comparison later = new Comparison(next, Optional.of(shown.name()), false);
            long bytes = 0;
            for (long at = 0; at < shown.sizeBytes(); at += Comparison.WINDOW) {
                long end = Math.min(shown.sizeBytes(), at + Comparison.WINDOW);
                for (ChangedRange object : later.objects(at, end)) {
                    if (Thread.interrupted()) {
                        throw new InterruptedException("interrupted while measuring a snapshot");
                    }
                    bytes += freed(own, older, later, object, shown.sizeBytes());
                }
            }
            return bytes;
        }
    }

    private static long freed(
            Image own,
            Optional<String> older,
            Comparison later,
            ChangedRange object,
            long sizeBytes)
            throws OsException {
        long from = object.offsetBytes();
        long end = Math.min(sizeBytes, object.endBytes());
        List<ChangedRange> freed =
                Ranges.both(
                        later.ranges(from, end),
                        new Comparison(own, Optional.empty(), false).ranges(from, end));
        if (older.isPresent() && !freed.isEmpty()) {
            freed = Ranges.both(freed, new Comparison(own, older, false).ranges(from, end));
        }
        return freed.stream().mapToLong(ChangedRange::lengthBytes).sum();
    }
}
