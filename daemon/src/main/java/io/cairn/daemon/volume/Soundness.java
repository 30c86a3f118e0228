package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whether dossiers from outside could have been made here: whether each of their parts keeps to
 * what an operation that makes it would have let in, and all of them fit together.
 */
final class Soundness {
    /** A message is read by people. */
    private static final int MOST_PROBLEMS = 20;

    /** Of the columns, in characters. */
    private static final int LONGEST_FORM = 65_536;

    private static final int LONGEST_DEVICE = 4_096;

    private static final Instant EARLIEST = Rows.instant(Long.MIN_VALUE);
    private static final Instant LATEST = Rows.instant(Long.MAX_VALUE);

    private final List<String> problems = new ArrayList<>();
    private final Set<String> taken = new HashSet<>();

    private Soundness() {}

    /**
     * @throws OperationException INVALID with every problem, up to some
     */
    static void check(List<Dossier> dossiers) throws OperationException {
        long size = dossiers.stream().mapToLong(Dossier::size).sum();
        if (size > Dossiers.MOST) {
            throw new OperationException(
                    Code.INVALID,
                    "%d volumes, snapshots and connections are too many at once: import %d at most, such as one backend or some of its volumes at a time"
                            .formatted(size, Dossiers.MOST));
        }
        Soundness soundness = new Soundness();
        dossiers.forEach(soundness::look);
        List<String> problems = soundness.problems;
        if (!problems.isEmpty()) {
            throw new OperationException(Code.INVALID, joined(problems));
        }
    }

    static String joined(List<String> problems) {
        String first = problems.stream().limit(MOST_PROBLEMS).collect(Collectors.joining("; "));
        int more = problems.size() - MOST_PROBLEMS;
        return more > 0 ? "%s; and %d more".formatted(first, more) : first;
    }

    private void look(Dossier dossier) {
        Volume volume = dossier.volume();
        String what = "volume %s".formatted(volume.id());
        check(what, () -> Names.check("backend", volume.backend()));
        check(what, () -> Names.check("pool", volume.pool()));
        check(what, () -> Names.check("volume", volume.name()));
        check(what, () -> Names.checkDescription(volume.description()));
        check(what, () -> Names.checkLabels(volume.labels()));
        check(what, () -> Names.checkParticulars(volume.particulars()));
        check(what, () -> Marks.checkMade(volume));
        if (!dossier.adoptedFrom().isEmpty()) {
            check(what, () -> Names.checkPath(dossier.adoptedFrom()));
        }
        checkSize(what, volume.sizeBytes());
        checkTime(what, volume.createdAt());
        once(what, "id " + volume.id());
        once(what, "name %s of backend %s".formatted(volume.name(), volume.backend()));
        holds(what, dossier.holds());
        Set<SnapshotId> cuts = new HashSet<>();
        for (Dossier.Cut cut : dossier.cuts()) {
            look(cut, volume.id());
            cuts.add(cut.snapshot().id());
        }
        for (Connection connection : dossier.connections()) {
            look(connection, cuts);
        }
    }

    private void look(Dossier.Cut cut, VolumeId volume) {
        Snapshot snapshot = cut.snapshot();
        String what = "snapshot %s".formatted(snapshot.id());
        check(what, () -> Names.check("snapshot", snapshot.name()));
        check(what, () -> Names.checkDescription(snapshot.description()));
        check(what, () -> Names.checkLabels(snapshot.labels()));
        check(what, () -> Marks.checkMade(snapshot));
        checkSize(what, snapshot.sizeBytes());
        checkTime(what, snapshot.createdAt());
        once(what, "id " + snapshot.id());
        once(what, "name %s of volume %s".formatted(snapshot.name(), volume));
        holds(what, cut.holds());
    }

    private void look(Connection connection, Set<SnapshotId> cuts) {
        String what = "connection %s".formatted(connection.id());
        check(what, () -> Names.checkHost(connection.host()));
        check(what, () -> Names.check("protocol", connection.protocol()));
        check(what, () -> Names.checkConnector(connection.connector()));
        checkTime(what, connection.createdAt());
        once(what, "id " + connection.id());
        if (!connection.target().snapshot().map(cuts::contains).orElse(true)) {
            problem(what, "it leads to a snapshot that its volume does not have");
        }
        if (connection.local() != connection.protocol().equals(Connection.LOCAL)) {
            problem(what, "it is local if, and only if, its protocol is " + Connection.LOCAL);
        }
        if (connection.target().fixed() && !connection.readOnly()) {
            problem(what, "it would let a host write to a snapshot");
        }
        boolean attached = connection.state() == Connection.State.ATTACHED;
        if (attached != !connection.device().isEmpty()
                || connection.device().length() > LONGEST_DEVICE
                || (attached && !connection.device().startsWith("/"))) {
            problem(what, "an attached one has the path of a device, and no other one has");
        }
        switch (connection.state()) {
            case CONNECTED, ATTACHED, LOST -> {}
            case CONNECTING, ATTACHING, DETACHING, DISCONNECTING ->
                    problem(
                            what,
                            "its state is %s, which is not finished: use connected, attached or lost"
                                    .formatted(connection.state()));
        }
        for (Map<String, String> form : List.of(connection.info(), connection.connector())) {
            if (Form.encode(form).length() > LONGEST_FORM) {
                problem(what, "what is kept of it is too long");
            }
        }
    }

    private void holds(String what, List<Hold> holds) {
        Set<String> tags = new HashSet<>();
        for (Hold hold : holds) {
            check(what, () -> Names.check("tag", hold.tag()));
            check(what, () -> Names.checkValue("by of a hold", hold.by()));
            checkTime(what, hold.since());
            if (!tags.add(hold.tag())) {
                problem(what, "the tag %s is there twice".formatted(Names.shortened(hold.tag())));
            }
        }
    }

    private void checkSize(String what, long bytes) {
        if (bytes <= 0) {
            problem(what, "it has a size of %d bytes; the least is 1".formatted(bytes));
        }
    }

    private void checkTime(String what, Instant time) {
        if (time.isBefore(EARLIEST) || time.isAfter(LATEST)) {
            problem(what, "the time %s is not from %s to %s".formatted(time, EARLIEST, LATEST));
        }
    }

    private void once(String what, String key) {
        if (!taken.add(key)) {
            problem(what, "the %s is there twice".formatted(Names.shortened(key)));
        }
    }

    private interface Check {
        void run() throws OperationException;
    }

    private void check(String what, Check check) {
        try {
            check.run();
        } catch (OperationException e) {
            problem(what, String.valueOf(e.getMessage()));
        }
    }

    private void problem(String what, String problem) {
        problems.add(what + ": " + problem);
    }
}
