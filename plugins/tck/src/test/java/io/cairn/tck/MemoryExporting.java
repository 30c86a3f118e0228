package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Exports to clients in the same process. */
final class MemoryExporting implements Exporting {
    static final String PROTOCOL = "memory";

    private final MemoryStorage storage;

    MemoryExporting(MemoryStorage storage) {
        this.storage = storage;
    }

    @Override
    public Set<String> protocols() {
        return Set.of(PROTOCOL);
    }

    @Override
    public Export export(ExportSpec spec) throws DriverException {
        synchronized (storage) {
            if (!spec.protocol().equals(PROTOCOL)) {
                throw new DriverException(UNSUPPORTED, "no such protocol");
            }
            if (!storage.contains(MemoryAttaching.location(spec.target()))) {
                throw new DriverException(NOT_FOUND, "no such target");
            }
            ExportSpec before = storage.exports.putIfAbsent(spec.id(), spec);
            if (before != null && !before.equals(spec)) {
                throw new DriverException(CONFLICT, "it is exported otherwise");
            }
            return exported(spec.id(), spec.target()).orElseThrow();
        }
    }

    @Override
    public void unexport(ConnectionId id, Target target) {
        synchronized (storage) {
            storage.exports.remove(id);
        }
    }

    @Override
    public Optional<Export> exported(ConnectionId id, Target target) {
        synchronized (storage) {
            return Optional.ofNullable(storage.exports.get(id))
                    .filter(spec -> spec.target().equals(target))
                    .map(
                            spec ->
                                    new Export(
                                            PROTOCOL,
                                            Map.of(
                                                    "uri",
                                                    MemoryAttaching.location(target),
                                                    "connection",
                                                    id.toString(),
                                                    "access",
                                                    spec.readOnly() ? "read" : "write"),
                                            Set.of()));
        }
    }
}
