package io.cairn.daemon.volume;

import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What makes snapshots of several volumes as of one instant, and everything that forbids it.
 *
 * <p>A backend cuts one volume after another. As long as nobody writes to any of them, all show one
 * instant all the same: so no host may be connected for writing, and none can come meanwhile.
 */
final class Grouping {
    /** The label by which snapshots that belong together are known. */
    static final String LABEL = "cairn.group";

    /** How many volumes there may be in one. */
    static final int MOST = 100;

    private final Parts parts;
    private final GroupChange change;

    Grouping(Parts parts, GroupChange change) {
        this.parts = parts;
        this.change = change;
    }

    List<Snapshot> createSnapshots(String backend, List<VolumeId> ids, NewSnapshot request)
            throws OperationException, InterruptedException {
        return parts.running()
                .measured(
                        backend,
                        Operation.CREATE_GROUP_SNAPSHOT,
                        Repeats.request("createGroupSnapshot", backend, ids, request),
                        flight -> {
                            check(ids, request);
                            try (var _ = parts.turns().take(ids)) {
                                List<Volume> volumes = new ArrayList<>();
                                for (VolumeId id : ids) {
                                    volumes.add(known(backend, id));
                                }
                                List<Snapshot> there = there(volumes, request);
                                if (!there.isEmpty()) {
                                    return flight.answered(parts.confirmed(there));
                                }
                                refuseWritten(volumes);
                                return flight.answered(change.perform(planned(volumes, request)));
                            }
                        });
    }

    private Volume known(String backend, VolumeId id) throws OperationException {
        Volume volume = parts.known(id);
        if (!volume.backend().equals(backend)) {
            throw new OperationException(
                    Code.INVALID,
                    "volume %s is on backend %s, and all of a group are on one: %s; nothing was changed"
                            .formatted(volume.name(), volume.backend(), backend));
        }
        return volume;
    }

    private static void check(List<VolumeId> ids, NewSnapshot request) throws OperationException {
        if (ids.isEmpty() || ids.size() > MOST) {
            throw new OperationException(
                    Code.INVALID,
                    "%d volumes are no group: give 1 to %d".formatted(ids.size(), MOST));
        }
        if (new HashSet<>(ids).size() < ids.size()) {
            throw new OperationException(
                    Code.INVALID, "a volume is given twice: give each once; nothing was changed");
        }
        if (request.name().isEmpty()) {
            throw new OperationException(
                    Code.INVALID, "the name is missing, which all snapshots of the group get");
        }
        Names.check("snapshot", request.name());
        Names.checkDescription(request.description());
        Names.checkLabels(request.labels());
        refuseLabel(Map.of(), request.labels());
        if (request.labels().size() == Names.MAX_LABELS) {
            throw new OperationException(
                    Code.INVALID,
                    "%d labels are too many: at most %d, since each snapshot of a group gets the label %s too"
                            .formatted(Names.MAX_LABELS, Names.MAX_LABELS - 1, LABEL));
        }
    }

    /**
     * @throws OperationException INVALID if somebody wants to change what was cut together
     */
    static void refuseLabel(Map<String, String> before, Map<String, String> after)
            throws OperationException {
        if (!Objects.equals(before.get(LABEL), after.get(LABEL))) {
            throw new OperationException(
                    Code.INVALID,
                    "the label %s is Cairn's, for what was cut together: leave it as it is; nothing was changed"
                            .formatted(LABEL));
        }
    }

    /**
     * The snapshots that an earlier call for the same made; none if it is the first.
     *
     * @throws OperationException CONFLICT if one of the volumes has another one of that name
     */
    private List<Snapshot> there(List<Volume> volumes, NewSnapshot request)
            throws OperationException {
        List<Snapshot> found = new ArrayList<>();
        for (Volume volume : volumes) {
            Optional<Snapshot> there = parts.state().snapshot(volume.id(), request.name());
            there.ifPresent(found::add);
        }
        if (found.isEmpty()) {
            return found;
        }
        Snapshot first = found.getFirst();
        if (found.size() < volumes.size()) {
            throw new OperationException(
                    Code.CONFLICT,
                    "volume %s has a snapshot %s already, and %d of the volumes have none: choose another name; nothing was changed"
                            .formatted(
                                    first.volumeName(),
                                    first.name(),
                                    volumes.size() - found.size()));
        }
        Optional<String> group = Optional.ofNullable(first.labels().get(LABEL));
        for (Snapshot each : found) {
            if (group.isEmpty() || !group.get().equals(each.labels().get(LABEL))) {
                throw new OperationException(
                        Code.CONFLICT,
                        "volume %s has a snapshot %s already, which was not cut together with those asked for: choose another name; nothing was changed"
                                .formatted(each.volumeName(), each.name()));
            }
            Snapshot _ = Sameness.of(each, labelled(request, group.get()));
        }
        return found;
    }

    /** Who only reads, as from one of its snapshots, changes nothing meanwhile. */
    private void refuseWritten(List<Volume> volumes) throws OperationException {
        for (Volume volume : volumes) {
            boolean written =
                    volume.connectionCount() > 0
                            && parts.state().connections(volume.id()).stream()
                                    .anyMatch(
                                            connection ->
                                                    !connection.target().fixed()
                                                            && !connection.readOnly());
            if (written) {
                throw new OperationException(
                        Code.IN_USE,
                        "volume %s is in-use by a host that may write, and only an available one can be snapshotted together with others, since backend %s cuts one after another: detach and disconnect first, or cut a snapshot of each by itself; nothing was changed"
                                .formatted(volume.name(), volume.backend()));
            }
        }
    }

    private static List<Intent.CreateSnapshot> planned(List<Volume> volumes, NewSnapshot request)
            throws OperationException {
        NewSnapshot whole = labelled(request, UUID.randomUUID().toString());
        Instant now = Instant.now();
        List<Intent.CreateSnapshot> planned = new ArrayList<>();
        for (Volume volume : volumes) {
            Intent.CreateSnapshot each =
                    new Intent.CreateSnapshot(
                            volume,
                            SnapshotId.random(),
                            whole.name(),
                            whole.description(),
                            whole.labels(),
                            true,
                            now);
            Marks.check(each);
            planned.add(each);
        }
        return planned;
    }

    private static NewSnapshot labelled(NewSnapshot request, String group) {
        Map<String, String> labels = new HashMap<>(request.labels());
        labels.put(LABEL, group);
        return new NewSnapshot(request.name(), request.description(), labels, Optional.empty());
    }
}
