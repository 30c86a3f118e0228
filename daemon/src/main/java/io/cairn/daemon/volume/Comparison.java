package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.volume.Finding.Outcome;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Compares what is to be imported with what the state knows, and what it does not know with what is
 * on the backend.
 */
final class Comparison {
    private final State state;
    private final Backends backends;

    Comparison(State state, Backends backends) {
        this.state = state;
        this.backends = backends;
    }

    /**
     * @param findings of every object, in order
     * @param additions what the state lacks; not to be used unless all is clean
     */
    record Result(List<Finding> findings, List<Addition> additions) {
        boolean clean() {
            return Dossiers.clean(findings);
        }

        Result with(Finding more) {
            List<Finding> all = new ArrayList<>(findings);
            all.add(more);
            return new Result(all, additions);
        }
    }

    /**
     * While nobody else can make or change any of it.
     *
     * @param restored the id of what is in the trash and is to leave it
     */
    Result of(List<Dossier> dossiers, Optional<UUID> restored) throws InterruptedException {
        Result result = new Result(new ArrayList<>(), new ArrayList<>());
        Map<String, Optional<String>> obstacles = new HashMap<>();
        for (Dossier dossier : dossiers) {
            Addition addition = compare(dossier, restored, result.findings());
            if (addition.empty()) {
                continue;
            }
            String backend = addition.volume().backend();
            Optional<String> obstacle = obstacles.computeIfAbsent(backend, this::obstacle);
            if (obstacle.isPresent()) {
                // Once, and not for each of what may be many.
                if (!obstacle.get().isEmpty()) {
                    result.findings().add(Finding.conflict("backend " + backend, obstacle.get()));
                    obstacles.put(backend, Optional.of(""));
                }
                continue;
            }
            result.additions().add(seen(addition, result.findings()));
        }
        Set<String> conflicting =
                result.findings().stream()
                        .filter(finding -> finding.outcome() == Outcome.CONFLICT)
                        .map(Finding::what)
                        .collect(Collectors.toSet());
        result.findings()
                .removeIf(
                        finding ->
                                finding.outcome() == Outcome.CREATED
                                        && conflicting.contains(finding.what()));
        return result;
    }

    private Optional<String> obstacle(String name) {
        Optional<Backend> backend = backends.find(name);
        if (backend.isEmpty() || backend.get().closed()) {
            return Optional.of(
                    "it is not open here: write etc/backends/%s.properties and open it, so that what is to be imported can be looked for"
                            .formatted(name));
        }
        try {
            backend.get().requireReady();
            return Optional.empty();
        } catch (DriverException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** With the places where the backend has it; what it has otherwise is added to the findings. */
    private Addition seen(Addition addition, List<Finding> findings) throws InterruptedException {
        Backend backend = backends.find(addition.volume().backend()).orElseThrow();
        try {
            Sighting.Seen seen =
                    backend.call(
                            addition.volume().id(), driver -> new Sighting(driver).of(addition));
            findings.addAll(seen.conflicts());
            return seen.addition();
        } catch (DriverException e) {
            findings.add(
                    Finding.conflict(
                            name(addition.volume()),
                            "the backend cannot tell whether it is there: " + e.getMessage()));
            return addition;
        }
    }

    private Addition compare(Dossier dossier, Optional<UUID> restored, List<Finding> findings) {
        Volume wanted = dossier.volume();
        Optional<Volume> there = state.volume(wanted.id());
        findings.add(
                there.isPresent()
                        ? sameVolume(there.get(), dossier)
                        : free(
                                name(wanted),
                                state.volume(wanted.backend(), wanted.name())
                                        .map(other -> "its name is that of volume " + other.id())
                                        .or(
                                                () ->
                                                        state.snapshot(
                                                                        new SnapshotId(
                                                                                wanted.id()
                                                                                        .value()))
                                                                .map(_ -> "its id is a snapshot's"))
                                        .or(() -> trashed(wanted.id().value(), restored))));
        List<Dossier.Cut> cuts = new ArrayList<>();
        for (Dossier.Cut cut : dossier.cuts()) {
            Snapshot snapshot = cut.snapshot();
            Optional<Snapshot> known = state.snapshot(snapshot.id());
            findings.add(
                    known.isPresent()
                            ? sameSnapshot(known.get(), cut)
                            : free(
                                    name(snapshot),
                                    state.snapshot(snapshot.volume(), snapshot.name())
                                            .map(
                                                    other ->
                                                            "its name is that of snapshot "
                                                                    + other.id())
                                            .or(
                                                    () ->
                                                            state.volume(
                                                                            new VolumeId(
                                                                                    snapshot.id()
                                                                                            .value()))
                                                                    .map(
                                                                            _ ->
                                                                                    "its id is a volume's"))
                                            .or(() -> trashed(snapshot.id().value(), restored))));
            if (known.isEmpty()) {
                cuts.add(cut);
            }
        }
        List<Connection> connections = new ArrayList<>();
        List<Connection> all = new ArrayList<>();
        if (!dossier.connections().isEmpty()) {
            all.addAll(state.connections(wanted.id()));
        }
        for (Connection connection : dossier.connections()) {
            Optional<Connection> known = state.connection(connection.id());
            findings.add(
                    known.isPresent()
                            ? sameConnection(known.get(), connection)
                            : alone(connection, all));
            if (known.isEmpty()) {
                connections.add(connection);
                all.add(connection);
            }
        }
        return new Addition(
                there.orElse(wanted),
                there.isEmpty(),
                dossier.adoptedFrom(),
                dossier.holds(),
                cuts,
                connections);
    }

    private Optional<String> trashed(UUID id, Optional<UUID> restored) {
        return state.trashed(id) && !restored.equals(Optional.of(id))
                ? Optional.of("it, or what has its id, is in the trash")
                : Optional.empty();
    }

    private static Finding free(String what, Optional<String> taken) {
        return taken.isEmpty()
                ? Finding.created(what)
                : Finding.conflict(
                        what,
                        "%s here: rename that one (or, from the trash, restore or purge it), or leave this one out of the import"
                                .formatted(taken.get()));
    }

    private Finding sameVolume(Volume there, Dossier dossier) {
        Volume wanted = dossier.volume();
        Map<String, Object[]> compared = new LinkedHashMap<>();
        compared.put("backend", new Object[] {there.backend(), wanted.backend()});
        compared.put("pool", new Object[] {there.pool(), wanted.pool()});
        compared.put("name", new Object[] {there.name(), wanted.name()});
        compared.put("size", new Object[] {there.sizeBytes(), wanted.sizeBytes()});
        compared.put("description", new Object[] {there.description(), wanted.description()});
        compared.put("labels", new Object[] {there.labels(), wanted.labels()});
        compared.put(
                "zone, project, user, specs or qos",
                new Object[] {there.particulars(), wanted.particulars()});
        compared.put("time of creation", new Object[] {there.createdAt(), wanted.createdAt()});
        compared.put("origin", new Object[] {there.origin(), wanted.origin()});
        compared.put("holds", new Object[] {state.holds(there.id().value()), dossier.holds()});
        return verdict(name(wanted), compared);
    }

    private Finding sameSnapshot(Snapshot there, Dossier.Cut cut) {
        Snapshot wanted = cut.snapshot();
        Map<String, Object[]> compared = new LinkedHashMap<>();
        compared.put("volume", new Object[] {there.volume(), wanted.volume()});
        compared.put("name", new Object[] {there.name(), wanted.name()});
        compared.put("size", new Object[] {there.sizeBytes(), wanted.sizeBytes()});
        compared.put("description", new Object[] {there.description(), wanted.description()});
        compared.put("labels", new Object[] {there.labels(), wanted.labels()});
        compared.put("time of the cut", new Object[] {there.createdAt(), wanted.createdAt()});
        compared.put("holds", new Object[] {state.holds(there.id().value()), cut.holds()});
        return verdict(name(wanted), compared);
    }

    /** Its secrets are left out, since an export may lack them. */
    private static Finding sameConnection(Connection there, Connection wanted) {
        Map<String, Object[]> compared = new LinkedHashMap<>();
        compared.put("target", new Object[] {there.target(), wanted.target()});
        compared.put("host", new Object[] {there.host(), wanted.host()});
        compared.put(
                "protocol or access",
                new Object[] {
                    there.protocol() + there.local() + there.readOnly(),
                    wanted.protocol() + wanted.local() + wanted.readOnly()
                });
        compared.put("connector", new Object[] {there.connector(), wanted.connector()});
        compared.put(
                "state or device",
                new Object[] {there.state() + there.device(), wanted.state() + wanted.device()});
        compared.put("time of creation", new Object[] {there.createdAt(), wanted.createdAt()});
        return verdict(name(wanted), compared);
    }

    /** As if the host asked for the connection now. */
    private Finding alone(Connection wanted, List<Connection> all) {
        List<Connection> others =
                all.stream().filter(other -> other.target().equals(wanted.target())).toList();
        Optional<Connection> own =
                others.stream().filter(other -> other.host().equals(wanted.host())).findFirst();
        if (own.isPresent()) {
            return Finding.conflict(
                    name(wanted),
                    "the host has another connection to it, %s: disconnect that one, or leave this one out of the import"
                            .formatted(own.get().id()));
        }
        if (!others.isEmpty()
                && !wanted.target().fixed()
                && !ConnectionPlanning.shared(backends, wanted.backend())) {
            return Finding.conflict(
                    name(wanted),
                    "host %s is connected to it, and the backend lets one host at a time have a volume: disconnect that one, or leave this one out of the import"
                            .formatted(others.getFirst().host()));
        }
        return Finding.created(name(wanted));
    }

    private static Finding verdict(String what, Map<String, Object[]> compared) {
        String differing =
                String.join(
                        ", ",
                        compared.entrySet().stream()
                                .filter(e -> !Objects.equals(e.getValue()[0], e.getValue()[1]))
                                .map(Map.Entry::getKey)
                                .toList());
        return differing.isEmpty()
                ? Finding.same(what)
                : Finding.conflict(
                        what,
                        "its id is known here with another %s: change the one here to be the same, or leave it out of the import"
                                .formatted(differing));
    }

    static String name(Volume volume) {
        return "volume %s/%s (%s)".formatted(volume.backend(), volume.name(), volume.id());
    }

    static String name(Snapshot snapshot) {
        return "snapshot %s/%s/%s (%s)"
                .formatted(
                        snapshot.backend(), snapshot.volumeName(), snapshot.name(), snapshot.id());
    }

    static String name(Connection connection) {
        return "connection %s of host %s to %s on backend %s"
                .formatted(
                        connection.id(),
                        connection.host(),
                        connection.targetName(),
                        connection.backend());
    }
}
