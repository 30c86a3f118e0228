package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;
import io.cairn.tck.MemoryProvider.Flaw;

import java.util.Optional;

/** Devices that are only another path to the same content. */
final class MemoryAttaching implements Attaching {
    private final MemoryStorage storage;
    private final Flaw flaw;

    MemoryAttaching(MemoryStorage storage, Flaw flaw) {
        this.storage = storage;
        this.flaw = flaw;
    }

    static String location(Target target) {
        return target.snapshot()
                .map(id -> "snapshot/" + id)
                .orElseGet(() -> "volume/" + target.volume());
    }

    @Override
    public Attachment attach(Target target, boolean readOnly) throws DriverException {
        synchronized (storage) {
            String location = location(target);
            if (!storage.contains(location)) {
                throw new DriverException(NOT_FOUND, "no such target");
            }
            boolean wanted = readOnly || target.fixed();
            Boolean before = storage.attached.putIfAbsent(location, wanted);
            if (before != null && before != wanted) {
                throw new DriverException(CONFLICT, "it is attached the other way");
            }
            return attached(target).orElseThrow();
        }
    }

    @Override
    public void detach(Target target) throws DriverException {
        synchronized (storage) {
            String location = location(target);
            if (storage.attached.containsKey(location)
                    && storage.isDeviceOpen(location)
                    && flaw != Flaw.DETACHES_WHAT_IS_OPEN) {
                throw new DriverException(IN_USE, "the device is open");
            }
            storage.attached.remove(location);
        }
    }

    @Override
    public Optional<Attachment> attached(Target target) {
        synchronized (storage) {
            String location = location(target);
            return Optional.ofNullable(storage.attached.get(location))
                    .map(
                            readOnly ->
                                    new Attachment(
                                            MemoryStorage.DEVICE + location,
                                            readOnly,
                                            storage.sizeBytes(location)));
        }
    }
}
