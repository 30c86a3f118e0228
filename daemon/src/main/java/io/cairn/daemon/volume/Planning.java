package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.DriverException;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Turns a request for a volume into the volume as it will be, or says what is wrong with it. */
final class Planning {
    private final Backends backends;

    Planning(Backends backends) {
        this.backends = backends;
    }

    Volume volume(Backend backend, NewVolume request, long sizeBytes, Optional<Origin> origin)
            throws OperationException, InterruptedException {
        VolumeId id = request.id().orElseGet(VolumeId::random);
        String name = request.name().isEmpty() ? id.toString() : request.name();
        Names.check("volume", name);
        Names.checkDescription(request.description());
        Names.checkLabels(request.labels());
        Names.checkParticulars(request.particulars());
        if (sizeBytes <= 0) {
            throw new OperationException(
                    Code.INVALID,
                    "a volume of %d bytes is too small: ask for at least 1B".formatted(sizeBytes));
        }
        Volume planned =
                new Volume(
                        id,
                        backend.name(),
                        pool(backend, request.pool()),
                        name,
                        request.description(),
                        request.labels(),
                        request.particulars(),
                        sizeBytes,
                        ObjectState.CREATING,
                        Instant.now(),
                        origin,
                        "",
                        0,
                        0,
                        0);
        Marks.check(planned);
        return planned;
    }

    List<Unmanaged> unmanaged(String name) throws OperationException, InterruptedException {
        Backend backend = backend(name);
        try {
            return backend.call(
                    driver ->
                            driver.adopting()
                                    .orElseThrow(
                                            () ->
                                                    new DriverException(
                                                            DriverException.Kind.UNSUPPORTED,
                                                            "its driver cannot tell what is not Cairn's"))
                                    .unmanaged());
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "cannot list what is unmanaged on backend %s: %s"
                            .formatted(name, e.getMessage()));
        }
    }

    /** The backend of that name. */
    Backend backend(String name) throws OperationException {
        return backends.find(name)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND,
                                        "there is no backend '%s'; there are: %s"
                                                .formatted(Names.shortened(name), names())));
    }

    private static String pool(Backend backend, Optional<String> asked)
            throws OperationException, InterruptedException {
        List<String> pools = pools(backend);
        if (asked.isEmpty()) {
            return pools.getFirst();
        }
        if (!pools.contains(asked.get())) {
            throw new OperationException(
                    Code.INVALID,
                    "backend %s has no pool '%s'; it has: %s"
                            .formatted(
                                    backend.name(),
                                    Names.shortened(asked.get()),
                                    String.join(", ", pools)));
        }
        return asked.get();
    }

    /** As last seen; the driver is asked only where it has not been seen yet. */
    private static List<String> pools(Backend backend)
            throws OperationException, InterruptedException {
        List<PoolStats> seen = backend.pools().pools();
        if (seen.isEmpty()) {
            try {
                seen = backend.refreshPools().pools();
            } catch (DriverException e) {
                throw OperationException.of(e, "%s; nothing was changed".formatted(e.getMessage()));
            }
        }
        return seen.stream().map(PoolStats::name).toList();
    }

    private String names() {
        String names = String.join(", ", backends.all().stream().map(Backend::name).toList());
        return names.isEmpty() ? "none" : names;
    }
}
