package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Intent.ChangeConnection.Step;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Intents, read from their rows. */
final class Intents {
    /**
     * @param volume as it was when the intent began
     */
    record Row(
            IntentKind kind,
            Instant begunAt,
            Volume volume,
            Optional<SnapshotId> snapshot,
            Optional<String> name,
            Optional<String> description,
            Optional<Map<String, String>> labels,
            long sizeBytes,
            Optional<ConnectionId> connection,
            Optional<String> path) {}

    private Intents() {}

    static Intent of(Row row, State state) {
        Volume volume = row.volume();
        Instant at = row.begunAt();
        return switch (row.kind()) {
            case CREATE_VOLUME -> new Intent.CreateVolume(volume, at);
            case CLONE_VOLUME -> new Intent.CloneVolume(volume, at);
            case ADOPT_VOLUME -> new Intent.AdoptVolume(volume, row.path().orElseThrow(), at);
            case DELETE_VOLUME -> new Intent.DeleteVolume(volume, at);
            case RELEASE_VOLUME -> new Intent.ReleaseVolume(volume, at);
            case EXTEND_VOLUME -> new Intent.ExtendVolume(volume, row.sizeBytes(), at);
            case REVERT_VOLUME -> new Intent.RevertVolume(volume, snapshot(row, state), at);
            case ALTER_VOLUME ->
                    new Intent.AlterVolume(
                            volume,
                            volume.named(row.name().orElseThrow())
                                    .described(row.description().orElseThrow())
                                    .labelled(row.labels().orElseThrow()),
                            at);
            case CREATE_SNAPSHOT ->
                    new Intent.CreateSnapshot(
                            volume,
                            row.snapshot().orElseThrow(),
                            row.name().orElseThrow(),
                            row.description().orElseThrow(),
                            row.labels().orElseThrow(),
                            at);
            case DELETE_SNAPSHOT ->
                    new Intent.DeleteSnapshot(snapshot(row, state), volume.pool(), at);
            case ALTER_SNAPSHOT -> {
                Snapshot before = snapshot(row, state);
                yield new Intent.AlterSnapshot(
                        before,
                        before.named(row.name().orElseThrow())
                                .described(row.description().orElseThrow())
                                .labelled(row.labels().orElseThrow()),
                        at);
            }
            case CONNECT -> change(row, Step.CONNECT, state);
            case REEXPORT -> change(row, Step.REEXPORT, state);
            case ATTACH -> change(row, Step.ATTACH, state);
            case DETACH -> change(row, Step.DETACH, state);
            case DISCONNECT -> change(row, Step.DISCONNECT, state);
        };
    }

    private static Snapshot snapshot(Row row, State state) {
        return row.snapshot().flatMap(state::snapshot).orElseThrow();
    }

    private static Intent change(Row row, Step step, State state) {
        return new Intent.ChangeConnection(
                row.connection().flatMap(state::connection).orElseThrow(), step, row.begunAt());
    }
}
