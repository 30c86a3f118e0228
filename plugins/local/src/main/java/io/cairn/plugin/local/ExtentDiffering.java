package io.cairn.plugin.local;

import io.cairn.spi.ChangedRange;
import io.cairn.spi.Differing;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.List;
import java.util.Optional;

/** Snapshots that are files which share their content. */
public final class ExtentDiffering implements Differing {
    private final Calls calls;
    private final Images images;

    public ExtentDiffering(Calls calls, Images images) {
        this.calls = calls;
        this.images = images;
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
                    try (Fd file = images.target(os, Target.of(volume, snapshot), Native.O_RDONLY);
                            Fd other =
                                    base.isEmpty()
                                            ? null
                                            : images.target(
                                                    os,
                                                    Target.of(volume, base.get()),
                                                    Native.O_RDONLY)) {
                        return ExtentChanges.between(os, file, other, fromByte, most);
                    }
                });
    }
}
