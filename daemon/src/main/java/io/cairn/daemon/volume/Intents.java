package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Intent.ChangeConnection.Step;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Intents, read from their rows. */
final class Intents {
    static final String TABLE = "intent";

    static final String SELECT =
            "SELECT "
                    + Rows.VOLUME
                    + ", i.volume_id, i.kind, i.begun_at, i.snapshot_id, i.name, i.description,"
                    + " i.labels, i.size_bytes, i.connection_id, i.path"
                    + " FROM intent i LEFT JOIN volume v ON v.id = i.volume_id";

    private static final int FIRST = Rows.VOLUME_LAST + 1;

    private Intents() {}

    /**
     * The volume of an intent as it was when the intent began, as far as it can be read.
     *
     * @param named what to call it
     * @param backend the name of its backend; empty if that cannot be read
     * @param empty whether it has no place and no snapshots, as long as it is not made
     * @param problem why it cannot be read; empty if it can
     */
    private record Subject(
            Optional<Volume> volume, String named, String backend, boolean empty, String problem) {
        Volume whole() {
            return volume.orElseThrow(() -> new IllegalArgumentException(problem));
        }
    }

    /** A row whose texts nobody has looked into yet. */
    record Row(
            VolumeId id,
            String kind,
            Instant begunAt,
            Subject subject,
            Optional<SnapshotId> snapshot,
            Optional<String> name,
            Optional<String> description,
            Optional<String> labels,
            long sizeBytes,
            Optional<ConnectionId> connection,
            Optional<String> path) {}

    static Row row(ResultSet row, OpenIntents open, Damage damage) throws SQLException {
        VolumeId id = new VolumeId(row.getObject(FIRST, UUID.class));
        return new Row(
                id,
                row.getString(FIRST + 1),
                Rows.instant(row.getLong(FIRST + 2)),
                subject(id, row, open, damage),
                Optional.ofNullable(row.getObject(FIRST + 3, UUID.class)).map(SnapshotId::new),
                Optional.ofNullable(row.getString(FIRST + 4)),
                Optional.ofNullable(row.getString(FIRST + 5)),
                Optional.ofNullable(row.getString(FIRST + 6)),
                row.getLong(FIRST + 7),
                Optional.ofNullable(row.getObject(FIRST + 8, UUID.class)).map(ConnectionId::new),
                Optional.ofNullable(row.getString(FIRST + 9)));
    }

    private static Subject subject(VolumeId id, ResultSet row, OpenIntents open, Damage damage)
            throws SQLException {
        if (row.getObject(1, UUID.class) == null) {
            return new Subject(
                    Optional.empty(),
                    id.toString(),
                    "",
                    false,
                    "volume_id: there is no volume " + id);
        }
        String backend = row.getString(2);
        String named = "%s (%s)".formatted(Names.shortened(row.getString(4)), id);
        boolean empty = row.getString(11).isEmpty() && row.getLong(12) == 0;
        try {
            return new Subject(Optional.of(Rows.volume(row, open)), named, backend, empty, "");
        } catch (DamagedRowException e) {
            damage.note(e.row());
            return new Subject(
                    Optional.empty(),
                    named,
                    Names.valid(backend) ? backend : "",
                    empty,
                    "the row of its volume is damaged: " + e.row().problem());
        }
    }

    /**
     * The intent of a row; one that is damaged keeps its volume from other changes all the same.
     */
    static Intent of(Row row, State state) {
        try {
            return sound(row, state);
        } catch (IllegalArgumentException e) {
            return damaged(row, String.valueOf(e.getMessage()));
        } catch (DamagedRowException e) {
            return damaged(row, "it is about a damaged row: " + e.row());
        }
    }

    private static Intent damaged(Row row, String problem) {
        Subject subject = row.subject();
        Optional<IntentKind> kind = known(row.kind());
        return new Intent.Damaged(
                row.id(),
                subject.backend(),
                "unreadable change '%s' of volume %s"
                        .formatted(Names.shortened(row.kind()), subject.named()),
                problem,
                subject.empty() && kind.map(IntentKind::makes).orElse(true),
                row.connection().filter(_ -> kind.equals(Optional.of(IntentKind.CONNECT))),
                row.begunAt());
    }

    private static Optional<IntentKind> known(String kind) {
        return Arrays.stream(IntentKind.values()).filter(one -> one.name().equals(kind)).findAny();
    }

    private static Intent sound(Row row, State state) {
        IntentKind kind = Rows.named(IntentKind.values(), "kind", row.kind());
        Volume volume = row.subject().whole();
        Instant at = row.begunAt();
        require(
                !kind.makes() || row.subject().empty(),
                "kind: the volume that it is to make is made");
        return switch (kind) {
            case CREATE_VOLUME -> {
                require(
                        volume.origin().map(Origin::snapshot).map(Optional::isPresent).orElse(true),
                        "kind: what the volume is made from is no snapshot");
                yield new Intent.CreateVolume(volume, at);
            }
            case CLONE_VOLUME -> {
                require(
                        volume.origin().isPresent(),
                        "kind: the volume that it is to clone is missing");
                yield new Intent.CloneVolume(volume, at);
            }
            case ADOPT_VOLUME -> new Intent.AdoptVolume(volume, there("path", row.path()), at);
            case DELETE_VOLUME, TRASH_VOLUME ->
                    new Intent.DeleteVolume(volume, kind == IntentKind.TRASH_VOLUME, at);
            case RELEASE_VOLUME -> new Intent.ReleaseVolume(volume, at);
            case EXTEND_VOLUME -> {
                require(
                        row.sizeBytes() > volume.sizeBytes(),
                        "size_bytes: %d is no more than the volume has".formatted(row.sizeBytes()));
                yield new Intent.ExtendVolume(volume, row.sizeBytes(), at);
            }
            case REVERT_VOLUME -> new Intent.RevertVolume(volume, snapshot(row, state), at);
            case ALTER_VOLUME ->
                    new Intent.AlterVolume(
                            volume,
                            volume.named(name(row))
                                    .described(there("description", row.description()))
                                    .labelled(labels(row)),
                            at);
            case CREATE_SNAPSHOT, CREATE_GROUPED_SNAPSHOT ->
                    new Intent.CreateSnapshot(
                            volume,
                            there("snapshot_id", row.snapshot()),
                            name(row),
                            there("description", row.description()),
                            labels(row),
                            kind == IntentKind.CREATE_GROUPED_SNAPSHOT,
                            at);
            case DELETE_SNAPSHOT, TRASH_SNAPSHOT ->
                    new Intent.DeleteSnapshot(
                            snapshot(row, state),
                            volume.pool(),
                            kind == IntentKind.TRASH_SNAPSHOT,
                            at);
            case ALTER_SNAPSHOT -> {
                Snapshot before = snapshot(row, state);
                yield new Intent.AlterSnapshot(
                        before,
                        before.named(name(row))
                                .described(there("description", row.description()))
                                .labelled(labels(row)),
                        at);
            }
            case CONNECT -> change(row, Step.CONNECT, state);
            case REEXPORT -> change(row, Step.REEXPORT, state);
            case ATTACH -> change(row, Step.ATTACH, state);
            case DETACH -> change(row, Step.DETACH, state);
            case DISCONNECT -> change(row, Step.DISCONNECT, state);
        };
    }

    private static String name(Row row) {
        return Rows.name("name", row.name().orElse(null));
    }

    private static Map<String, String> labels(Row row) {
        return Labels.parse(there("labels", row.labels()));
    }

    private static Snapshot snapshot(Row row, State state) {
        SnapshotId id = there("snapshot_id", row.snapshot());
        return state.snapshot(id)
                .filter(snapshot -> snapshot.volume().equals(row.id()))
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "snapshot_id: the volume has no snapshot " + id));
    }

    private static Intent change(Row row, Step step, State state) {
        ConnectionId id = there("connection_id", row.connection());
        return new Intent.ChangeConnection(
                state.connection(id)
                        .filter(connection -> connection.target().volume().equals(row.id()))
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "connection_id: the volume has no connection "
                                                        + id)),
                step,
                row.begunAt());
    }

    private static <T> T there(String column, Optional<T> value) {
        return value.orElseThrow(() -> new IllegalArgumentException(column + ": it is missing"));
    }

    private static void require(boolean sound, String problem) {
        if (!sound) {
            throw new IllegalArgumentException(problem);
        }
    }
}
