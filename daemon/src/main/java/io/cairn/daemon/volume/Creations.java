package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/** What makes volumes and snapshots, and everything that forbids it. */
final class Creations {
    private final Parts parts;

    Creations(Parts parts) {
        this.parts = parts;
    }

    Volume createVolume(String backend, NewVolume request)
            throws OperationException, InterruptedException {
        Backend on = parts.planning().backend(backend);
        return parts.running()
                .measured(
                        backend,
                        Operation.CREATE_VOLUME,
                        request("createVolume", request, backend),
                        flight -> {
                            if (request.sizeBytes().isEmpty()) {
                                throw new OperationException(
                                        Code.INVALID, "the size is missing: write it like 10GiB");
                            }
                            long sizeBytes = request.sizeBytes().get();
                            return create(
                                    parts.planning()
                                            .volume(on, request, sizeBytes, Optional.empty()),
                                    request,
                                    volume -> new Intent.CreateVolume(volume, volume.createdAt()),
                                    flight);
                        });
    }

    Volume createFromSnapshot(SnapshotId source, NewVolume request)
            throws OperationException, InterruptedException {
        Snapshot snapshot = parts.known(source);
        return parts.running()
                .measured(
                        snapshot.backend(),
                        Operation.CREATE_VOLUME_FROM_SNAPSHOT,
                        request("createFromSnapshot", request, source),
                        flight -> {
                            long sizeBytes = request.sizeBytes().orElse(snapshot.sizeBytes());
                            refuseSmaller(
                                    sizeBytes, snapshot.sizeBytes(), "snapshot " + snapshot.name());
                            Backend on = parts.planning().backend(snapshot.backend());
                            Origin origin = Origin.of(snapshot);
                            return create(
                                    parts.planning()
                                            .volume(on, request, sizeBytes, Optional.of(origin)),
                                    request,
                                    volume -> new Intent.CreateVolume(volume, volume.createdAt()),
                                    flight);
                        });
    }

    Snapshot createSnapshot(VolumeId volume, NewSnapshot request)
            throws OperationException, InterruptedException {
        return parts.running()
                .measured(
                        parts.known(volume).backend(),
                        Operation.CREATE_SNAPSHOT,
                        request("createSnapshot", request, volume),
                        flight -> {
                            SnapshotId id = request.id().orElseGet(SnapshotId::random);
                            String name = request.name().isEmpty() ? id.toString() : request.name();
                            Names.check("snapshot", name);
                            Names.checkDescription(request.description());
                            Names.checkLabels(request.labels());
                            Grouping.refuseLabel(Map.of(), request.labels());
                            try (var _ = parts.turns().takeId(request.id().map(SnapshotId::value));
                                    var _ = parts.turns().take(volume)) {
                                Optional<Snapshot> there = parts.state().snapshot(volume, name);
                                if (there.isPresent()) {
                                    return flight.answered(
                                            parts.confirmed(Sameness.of(there.get(), request)));
                                }
                                if (request.id().isPresent()
                                        && (parts.state().snapshot(id).isPresent()
                                                || parts.open().makes(id))) {
                                    throw takenId(id.toString(), "snapshot");
                                }
                                if (request.id().isPresent()
                                        && parts.state()
                                                .volume(new VolumeId(id.value()))
                                                .isPresent()) {
                                    throw takenId(id.toString(), "volume");
                                }
                                // Last, since it may just have got there.
                                if (request.id().isPresent() && parts.state().trashed(id.value())) {
                                    throw trashedId(id.toString());
                                }
                                Intent.CreateSnapshot intent =
                                        new Intent.CreateSnapshot(
                                                parts.known(volume),
                                                id,
                                                name,
                                                request.description(),
                                                request.labels(),
                                                false,
                                                Instant.now());
                                Marks.check(intent);
                                return switch (parts.changes().perform(intent)) {
                                    case VolumeEvent.SnapshotCreated created ->
                                            flight.answered(created.snapshot());
                                    case VolumeEvent other -> throw unexpected(intent, other);
                                };
                            }
                        });
    }

    Volume cloneVolume(VolumeId source, NewVolume request)
            throws OperationException, InterruptedException {
        Volume of = parts.known(source);
        return parts.running()
                .measured(
                        of.backend(),
                        Operation.CLONE_VOLUME,
                        request("cloneVolume", request, source),
                        flight -> {
                            long sizeBytes = request.sizeBytes().orElse(of.sizeBytes());
                            refuseSmaller(sizeBytes, of.sizeBytes(), "volume " + of.name());
                            Origin origin = new Origin(source, Optional.empty());
                            return create(
                                    parts.planning()
                                            .volume(
                                                    parts.planning().backend(of.backend()),
                                                    request,
                                                    sizeBytes,
                                                    Optional.of(origin)),
                                    request,
                                    planned -> new Intent.CloneVolume(planned, planned.createdAt()),
                                    flight);
                        });
    }

    Volume adopt(String backend, String path, NewVolume request)
            throws OperationException, InterruptedException {
        Backend on = parts.planning().backend(backend);
        Names.checkPath(path);
        return parts.running()
                .measured(
                        backend,
                        Operation.ADOPT_VOLUME,
                        request("adopt", request, backend, path),
                        flight -> {
                            // The driver says how large it is; until then it is as small as can be.
                            Volume planned =
                                    parts.planning().volume(on, request, 1, Optional.empty());
                            return create(
                                    planned,
                                    request,
                                    volume ->
                                            new Intent.AdoptVolume(
                                                    volume, path, volume.createdAt()),
                                    flight);
                        });
    }

    /** What is named or has an id; two that Cairn is to name are never the same. */
    private static Object request(String operation, NewVolume wanted, Object... about) {
        boolean known = !wanted.name().isEmpty() || wanted.id().isPresent();
        return Repeats.request(operation, known ? wanted : new Object(), List.of(about));
    }

    /** As {@link #request(String, NewVolume, Object...)}. */
    private static Object request(String operation, NewSnapshot wanted, VolumeId of) {
        boolean known = !wanted.name().isEmpty() || wanted.id().isPresent();
        return Repeats.request(operation, known ? wanted : new Object(), of);
    }

    private Volume create(
            Volume planned,
            NewVolume request,
            Function<Volume, Intent.Making> intentOf,
            Repeats.Flight<Volume> flight)
            throws OperationException, InterruptedException {
        boolean idGiven = request.id().isPresent();
        boolean sized = request.sizeBytes().isPresent();
        Optional<UUID> id = idGiven ? Optional.of(planned.id().value()) : Optional.empty();
        try (var _ = parts.turns().takeNew(planned.backend(), planned.name(), id)) {
            Optional<Volume> there = parts.state().volume(planned.backend(), planned.name());
            if (there.isPresent()) {
                // It may be half made or half deleted: settle that first, then look again.
                try (var _ = parts.turns().take(there.get().id())) {
                    there = parts.state().volume(planned.backend(), planned.name());
                }
            }
            if (parts.open().renamesTo(planned.backend(), planned.name(), planned.id())) {
                throw new OperationException(
                        Code.BUSY,
                        "another volume is being renamed to %s, which is unfinished; nothing was changed; try again later"
                                .formatted(planned.name()));
            }
            Intent.Making intent = intentOf.apply(planned);
            if (there.isPresent()) {
                return parts.confirmed(
                        Sameness.of(
                                adoptedSo(there.get(), intent),
                                sized ? planned : planned.ofSize(there.get().sizeBytes()),
                                idGiven));
            }
            if (idGiven && parts.state().volume(planned.id()).isPresent()) {
                throw takenId(planned.id().toString(), "volume");
            }
            SnapshotId alike = new SnapshotId(planned.id().value());
            if (idGiven
                    && (parts.state().snapshot(alike).isPresent() || parts.open().makes(alike))) {
                throw takenId(planned.id().toString(), "snapshot");
            }
            // Last, since it may just have got there.
            if (idGiven && parts.state().trashed(planned.id().value())) {
                throw trashedId(planned.id().toString());
            }
            try (var _ = parts.turns().take(intent.volumes())) {
                Intent.Making fitting = intentOf.apply(fitting(planned, sized));
                return switch (parts.changes().perform(fitting)) {
                    case VolumeEvent.VolumeCreated created -> flight.answered(created.volume());
                    case VolumeEvent other -> throw unexpected(intent, other);
                };
            }
        }
    }

    /** What lies elsewhere is not what was adopted, whatever else is the same. */
    private Volume adoptedSo(Volume there, Intent.Making intent) throws OperationException {
        if (intent instanceof Intent.AdoptVolume adopt
                && !parts.state().adoptedFrom(there.id()).equals(Optional.of(adopt.path()))) {
            throw new OperationException(
                    Code.CONFLICT,
                    "volume %s exists already and was not adopted from %s: choose another name"
                            .formatted(there.name(), adopt.path()));
        }
        return there;
    }

    /** The volume as its source allows it, now that nobody else can change that. */
    private Volume fitting(Volume planned, boolean sized) throws OperationException {
        if (planned.origin().isEmpty()) {
            return planned;
        }
        Origin origin = planned.origin().get();
        if (origin.snapshot().isPresent()) {
            Snapshot _ = parts.known(origin.snapshot().get());
            return planned;
        }
        Volume source = parts.known(origin.volume());
        if (!sized) {
            return planned.ofSize(source.sizeBytes());
        }
        refuseSmaller(planned.sizeBytes(), source.sizeBytes(), "volume " + source.name());
        return planned;
    }

    private static void refuseSmaller(long sizeBytes, long least, String what)
            throws OperationException {
        if (sizeBytes < least) {
            throw new OperationException(
                    Code.INVALID,
                    "a volume of %d bytes is too small for %s of %d bytes: ask for that or more"
                            .formatted(sizeBytes, what, least));
        }
    }

    private static OperationException takenId(String id, String what) {
        return new OperationException(
                Code.CONFLICT,
                "the id %s is another %s's: choose another, or none".formatted(id, what));
    }

    private static OperationException trashedId(String id) {
        return new OperationException(
                Code.CONFLICT,
                "what has the id %s is in the trash: bring it back by restore, delete it for good by purge, or choose another id"
                        .formatted(id));
    }

    private static IllegalStateException unexpected(Intent intent, VolumeEvent event) {
        return new IllegalStateException("'%s' ended in %s".formatted(intent.what(), event));
    }
}
