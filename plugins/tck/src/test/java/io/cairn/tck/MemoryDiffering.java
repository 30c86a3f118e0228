package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Differing;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;
import io.cairn.tck.MemoryProvider.Flaw;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which pages two snapshots do not share. */
final class MemoryDiffering implements Differing {
    private final MemoryDriver driver;
    private final MemoryStorage storage;
    private final Flaw flaw;

    MemoryDiffering(MemoryDriver driver, MemoryStorage storage, Flaw flaw) {
        this.driver = driver;
        this.storage = storage;
        this.flaw = flaw;
    }

    @Override
    public List<ChangedRange> changed(
            VolumeId volume,
            SnapshotId snapshot,
            Optional<SnapshotId> base,
            long fromByte,
            int most)
            throws DriverException, InterruptedException {
        BackendSnapshot one = there(volume, snapshot);
        Map<Long, byte[]> now = storage.pages(one.location());
        Map<Long, byte[]> then =
                base.isEmpty() ? Map.of() : storage.pages(there(volume, base.get()).location());
        List<ChangedRange> found = new ArrayList<>();
        for (long at = fromByte; at < one.sizeBytes() && found.size() <= most; ) {
            long page = at / MemoryStorage.PAGE;
            long end = Math.min(one.sizeBytes(), (page + 1) * MemoryStorage.PAGE);
            boolean same =
                    flaw != Flaw.DIFFERS_EVERYWHERE && Arrays.equals(now.get(page), then.get(page));
            if (!same) {
                ChangedRange last = found.isEmpty() ? null : found.getLast();
                if (last != null && last.endBytes() == at) {
                    found.removeLast();
                    found.add(new ChangedRange(last.offsetBytes(), end - last.offsetBytes()));
                } else {
                    found.add(new ChangedRange(at, end - at));
                }
            }
            at = end;
        }
        if (flaw == Flaw.DIFFERS_TOO_LITTLE && found.size() > 1) {
            found.removeLast();
        }
        return List.copyOf(found.subList(0, Math.min(most, found.size())));
    }

    private BackendSnapshot there(VolumeId volume, SnapshotId id) throws DriverException {
        return driver.findSnapshot(id, volume)
                .orElseThrow(() -> new DriverException(NOT_FOUND, "no such snapshot"));
    }
}
