package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Map;
import java.util.Optional;

/**
 * What is recorded of single objects and what their backend has, as of one instant: nobody else
 * changes an object while it is looked at, and what was unfinished of it is settled first. Safe for
 * many threads.
 */
public final class Witness {
    private final Parts parts;

    Witness(Parts parts) {
        this.parts = parts;
    }

    /** An object on both sides. */
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
                                Parts.readable(() -> parts.state().volume(id)),
                                backend.call(id, driver -> driver.findVolume(id))));
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
                                        .filter(each -> each.volume().equals(volume)),
                                backend.call(volume, driver -> driver.findSnapshot(id, volume))));
    }

    /**
     * The volume that a snapshot is recorded to be of, if it is.
     *
     * @throws OperationException FAULT if what is recorded of it is damaged
     */
    public Optional<VolumeId> volumeOf(SnapshotId id) throws OperationException {
        return Parts.readable(() -> parts.state().snapshot(id)).map(Snapshot::volume);
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

    /** What a volume's mark is to say of it, whenever it was made. */
    public static String told(Volume volume) {
        return told(Marks.of(volume));
    }

    /** As {@link #told(Volume)}. */
    public static String told(Snapshot snapshot) {
        return told(Marks.of(snapshot));
    }

    /** What a mark says of its object but for the time, of which a snapshot has two. */
    public static String told(Mark mark) {
        try {
            Map<String, String> fields = Form.decode(mark.text());
            fields.remove("created");
            return Form.encode(fields);
        } catch (IllegalArgumentException _) {
            return mark.text();
        }
    }

    /** The name in a mark; empty if it is none of Cairn's. */
    public static Optional<String> name(Mark mark) {
        try {
            return Optional.ofNullable(Form.decode(mark.text()).get("name")).filter(Names::valid);
        } catch (IllegalArgumentException _) {
            return Optional.empty();
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
