package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * What is recorded of single objects and what their backend has, as of one instant: nobody else
 * changes an object while it is looked at, and what was unfinished of it is settled first. Safe for
 * many threads.
 */
public final class Witness {
    private final Parts parts;
    private final Rechecks rechecks;
    private final Trash trash;

    Witness(Parts parts, Rechecks rechecks, Trash trash) {
        this.parts = parts;
        this.rechecks = rechecks;
        this.trash = trash;
    }

    /** An object on both sides. One in the trash is on neither. */
    public record Sight<R, F>(Optional<R> recorded, Optional<F> found) {}

    /**
     * Looks at a volume.
     *
     * @throws OperationException BUSY if it is being changed all the time; FAULT if what is
     *     recorded of it is damaged
     * @throws DriverException as {@link Backend#call}
     */
    public Sight<Volume, BackendVolume> volume(Backend backend, VolumeId id)
            throws OperationException, DriverException, InterruptedException {
        return inTurn(
                id,
                () ->
                        new Sight<>(
                                Parts.readable(() -> parts.state().volume(id))
                                        .filter(each -> each.backend().equals(backend.name())),
                                trash.has(id.value())
                                        ? Optional.empty()
                                        : backend.call(id, driver -> driver.findVolume(id))));
    }

    /** As {@link #volume}, of a snapshot where it should be. */
    public Sight<Snapshot, BackendSnapshot> snapshot(
            Backend backend, SnapshotId id, VolumeId volume)
            throws OperationException, DriverException, InterruptedException {
        return inTurn(
                volume,
                () ->
                        new Sight<>(
                                Parts.readable(() -> parts.state().snapshot(id))
                                        .filter(each -> each.volume().equals(volume))
                                        .filter(each -> each.backend().equals(backend.name())),
                                trash.has(id.value())
                                        ? Optional.empty()
                                        : backend.call(
                                                volume,
                                                driver -> driver.findSnapshot(id, volume))));
    }

    /**
     * The volume that a snapshot of a backend is recorded to be of, if it is.
     *
     * @throws OperationException FAULT if what is recorded of it is damaged
     */
    public Optional<VolumeId> volumeOf(Backend backend, SnapshotId id) throws OperationException {
        return Parts.readable(() -> parts.state().snapshot(id))
                .filter(each -> each.backend().equals(backend.name()))
                .map(Snapshot::volume);
    }

    /** A volume of a backend as it is recorded at the moment; empty if it cannot be read. */
    public Optional<Volume> recorded(Backend backend, VolumeId id) {
        try {
            return Parts.readable(() -> parts.state().volume(id))
                    .filter(each -> each.backend().equals(backend.name()));
        } catch (OperationException _) {
            return Optional.empty();
        }
    }

    /** As {@link #recorded(Backend, VolumeId)}. */
    public Optional<Snapshot> recorded(Backend backend, SnapshotId id) {
        try {
            return Parts.readable(() -> parts.state().snapshot(id))
                    .filter(each -> each.backend().equals(backend.name()));
        } catch (OperationException _) {
            return Optional.empty();
        }
    }

    /** Whether what hosts had is being given to them again, since the backend just came up. */
    public boolean mending(Backend backend) {
        return rechecks.looking(backend);
    }

    /**
     * Whether the backend gives a host the access that is recorded; true if none is recorded any
     * more, or if none is due.
     */
    public boolean gives(Backend backend, Connection listed)
            throws OperationException, DriverException, InterruptedException {
        VolumeId volume = listed.target().volume();
        return inTurn(
                volume,
                () -> {
                    Optional<Connection> now =
                            Parts.readable(() -> parts.state().connection(listed.id()));
                    return now.isEmpty() || gives(backend, volume, now.get());
                });
    }

    private static boolean gives(Backend backend, VolumeId volume, Connection connection)
            throws DriverException, InterruptedException {
        if (!connection.local()) {
            return backend.call(
                    volume,
                    driver ->
                            driver.exporting().isPresent()
                                    && driver.exporting()
                                            .get()
                                            .exported(connection.id(), connection.target())
                                            .isPresent());
        }
        return switch (connection.state()) {
            case ATTACHED ->
                    backend.call(
                            volume,
                            driver ->
                                    driver.attaching().isPresent()
                                            && driver.attaching()
                                                    .get()
                                                    .attached(connection.target())
                                                    .map(Attachment::device)
                                                    .equals(Optional.of(connection.device())));
            case LOST, CONNECTING, CONNECTED, ATTACHING, DETACHING, DISCONNECTING -> true;
        };
    }

    /** Whether anything is recorded of a volume, be it damaged or in the trash or not. */
    public boolean knows(VolumeId id) {
        return knows(() -> parts.state().volume(id)) || trash.has(id.value());
    }

    /** As {@link #knows(VolumeId)}. */
    public boolean knows(SnapshotId id) {
        return knows(() -> parts.state().snapshot(id)) || trash.has(id.value());
    }

    private static boolean knows(Supplier<Optional<?>> reading) {
        try {
            return Parts.readable(reading).isPresent();
        } catch (OperationException _) {
            return true;
        }
    }

    private interface Look<T> {
        T look() throws OperationException, DriverException, InterruptedException;
    }

    private <T> T inTurn(VolumeId volume, Look<T> look)
            throws OperationException, DriverException, InterruptedException {
        try (var _ = parts.turns().take(volume)) {
            return look.look();
        }
    }
}
