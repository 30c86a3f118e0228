package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.spi.Adopting;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Target;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;
import io.cairn.tck.MemoryProvider.Flaw;
import io.cairn.tck.MemoryStorage.Volume;

import java.util.List;
import java.util.Optional;

/** What lies in the storage beside the volumes, under {@code unmanaged/}. */
final class MemoryAdopting implements Adopting {
    static final String FOLDER = "unmanaged/";

    private final MemoryDriver driver;
    private final MemoryStorage storage;
    private final Flaw flaw;

    MemoryAdopting(MemoryDriver driver, MemoryStorage storage, Flaw flaw) {
        this.driver = driver;
        this.storage = storage;
        this.flaw = flaw;
    }

    @Override
    public List<Unmanaged> unmanaged() {
        synchronized (storage) {
            return storage.locations().stream()
                    .filter(location -> location.startsWith(FOLDER))
                    .sorted()
                    .map(
                            location ->
                                    new Unmanaged(
                                            location.substring(FOLDER.length()),
                                            storage.sizeBytes(location),
                                            storage.isOpen(location) ? "it is open" : ""))
                    .toList();
        }
    }

    @Override
    public BackendVolume adopt(String path, VolumeId id, Mark mark) throws DriverException {
        synchronized (storage) {
            Volume there = storage.volumes.get(id);
            if (there != null) {
                if (!there.shown().mark().equals(mark)
                        || !there.source().equals(Optional.of(path))) {
                    throw new DriverException(CONFLICT, "it exists otherwise");
                }
                return there.shown();
            }
            if (path.isEmpty() || path.contains("/")) {
                throw new DriverException(INVALID, "no path of what could be adopted");
            }
            String location = FOLDER + path;
            if (!storage.contains(location)) {
                throw new DriverException(NOT_FOUND, "nothing is there");
            }
            if (storage.isOpen(location)) {
                throw new DriverException(IN_USE, "it is open");
            }
            String pool = driver.pools().getFirst().name();
            long size = storage.sizeBytes(location);
            BackendVolume volume = new BackendVolume(id, pool, size, "volume/" + id, mark);
            if (flaw == Flaw.LEAVES_WHAT_IT_ADOPTED) {
                storage.put(volume.location(), size, storage.pages(location));
            } else {
                storage.move(location, volume.location());
            }
            storage.volumes.put(id, new Volume(volume, Optional.of(path)));
            return volume;
        }
    }

    @Override
    public String release(VolumeId id, String name) throws DriverException {
        synchronized (storage) {
            String end = "-" + id;
            BackendVolume volume = driver.findVolume(id).orElse(null);
            if (volume == null) {
                return unmanaged().stream()
                        .map(Unmanaged::path)
                        .filter(path -> path.endsWith(end))
                        .findFirst()
                        .orElseThrow(() -> new DriverException(NOT_FOUND, "no such volume"));
            }
            boolean cut =
                    storage.snapshots.values().stream()
                            .anyMatch(snapshot -> snapshot.volume().equals(id));
            if (cut) {
                throw new DriverException(IN_USE, "it has snapshots");
            }
            driver.checkUnused(Target.of(id), volume.location());
            storage.move(volume.location(), FOLDER + name + end);
            storage.volumes.remove(id);
            return name + end;
        }
    }
}
