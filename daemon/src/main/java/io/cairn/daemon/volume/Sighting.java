package io.cairn.daemon.volume;

import io.cairn.daemon.host.HostFacts;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Looks on the backend for what is to be imported of one volume, within a call of its driver. Used
 * once, since a call that is overdue goes on behind its caller's back.
 */
final class Sighting {
    private final Driver driver;
    private final List<Finding> findings = new ArrayList<>();

    Sighting(Driver driver) {
        this.driver = driver;
    }

    /**
     * What was seen.
     *
     * @param addition with the places and the secrets that the backend knows best
     * @param conflicts what the backend has otherwise, or not at all
     */
    record Seen(Addition addition, List<Finding> conflicts) {}

    Seen of(Addition wanted) throws DriverException, InterruptedException {
        Volume volume = wanted.fresh() ? seen(wanted.volume()) : wanted.volume();
        List<Dossier.Cut> cuts = new ArrayList<>();
        for (Dossier.Cut cut : wanted.cuts()) {
            cuts.add(new Dossier.Cut(seen(cut.snapshot()), cut.holds()));
        }
        List<Connection> connections = new ArrayList<>();
        for (Connection connection : wanted.connections()) {
            connections.add(seen(connection));
        }
        return new Seen(
                new Addition(
                        volume,
                        wanted.fresh(),
                        wanted.adoptedFrom(),
                        wanted.holds(),
                        cuts,
                        connections),
                findings);
    }

    private Volume seen(Volume wanted) throws DriverException, InterruptedException {
        Optional<BackendVolume> there = driver.findVolume(wanted.id());
        String what = Comparison.name(wanted);
        if (there.isEmpty()) {
            missing(what);
            return wanted;
        }
        BackendVolume found = there.get();
        differs(what, "bytes", wanted.sizeBytes(), found.sizeBytes());
        if (!found.pool().equals(wanted.pool())) {
            findings.add(
                    Finding.conflict(
                            what,
                            "it lies in pool %s there, not in %s: call the pool the same in the backend's file"
                                    .formatted(found.pool(), wanted.pool())));
        }
        return wanted.madeAt(found.location(), wanted.sizeBytes());
    }

    private Snapshot seen(Snapshot wanted) throws DriverException, InterruptedException {
        Optional<BackendSnapshot> there = driver.findSnapshot(wanted.id(), wanted.volume());
        String what = Comparison.name(wanted);
        if (there.isEmpty()) {
            missing(what);
            return wanted;
        }
        BackendSnapshot found = there.get();
        differs(what, "bytes", wanted.sizeBytes(), found.sizeBytes());
        if (!found.cutAt().equals(wanted.createdAt())) {
            findings.add(
                    Finding.conflict(
                            what,
                            "it was cut at %s there, not at %s: export anew"
                                    .formatted(found.cutAt(), wanted.createdAt())));
        }
        return wanted.at(found.location());
    }

    private Connection seen(Connection wanted) throws DriverException, InterruptedException {
        String what = Comparison.name(wanted);
        if (!wanted.local()) {
            Optional<Export> export =
                    driver.exporting().isEmpty()
                            ? Optional.empty()
                            : driver.exporting().get().exported(wanted.id(), wanted.target());
            if (export.isEmpty()) {
                findings.add(
                        Finding.conflict(
                                what,
                                "the backend does not serve it: disconnect it, and export anew"));
                return wanted;
            }
            return wanted.knowing(export.get().info(), export.get().secrets())
                    .inState(wanted.state());
        }
        String here = HostFacts.read().name();
        if (!wanted.host().equals(here)) {
            findings.add(
                    Finding.conflict(
                            what,
                            "this daemon's host is %s: disconnect it, and export anew"
                                    .formatted(here)));
        } else if (wanted.state() == Connection.State.ATTACHED) {
            Optional<String> device =
                    driver.attaching().isEmpty()
                            ? Optional.empty()
                            : driver.attaching()
                                    .get()
                                    .attached(wanted.target())
                                    .map(Attachment::device);
            if (!device.equals(Optional.of(wanted.device()))) {
                findings.add(
                        Finding.conflict(
                                what,
                                "it is not attached as %s here: detach it, and export anew"
                                        .formatted(wanted.device())));
            }
        }
        return wanted;
    }

    private void missing(String what) {
        findings.add(
                Finding.conflict(
                        what,
                        "it is not on the backend: open the one that has it, or leave it out of the import"));
    }

    private void differs(String what, String unit, long wanted, long found) {
        if (wanted != found) {
            findings.add(
                    Finding.conflict(
                            what,
                            "it has %d %s there, not %d: export anew"
                                    .formatted(found, unit, wanted)));
        }
    }
}
