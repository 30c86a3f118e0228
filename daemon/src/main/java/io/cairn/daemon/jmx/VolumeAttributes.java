package io.cairn.daemon.jmx;

import io.cairn.daemon.jmx.Rows.HoldRow;
import io.cairn.daemon.jmx.Rows.LabelRow;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.DamagedRowException;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Origin;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.ByteSize;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

import javax.management.ObjectName;

/** What is shown of a volume, as it was when it was looked up for one call. */
class VolumeAttributes {
    /** What JConsole shows in one table, and a screen holds of names. */
    private static final int MAX_SNAPSHOTS = 100;

    final Volumes volumes;
    final Volume volume;

    VolumeAttributes(Volumes volumes, Volume volume) {
        this.volumes = volumes;
        this.volume = volume;
    }

    @Shown("The volume's UUID, which never changes and is never used again")
    String id() {
        return volume.id().toString();
    }

    @Shown("The volume's name, unique in its backend")
    String name() {
        return volume.name();
    }

    @Shown("The MBean of the volume's backend")
    ObjectName backend() {
        return BeanNames.backend(volume.backend());
    }

    @Shown("The pool the volume lies in")
    String pool() {
        return volume.pool();
    }

    @Shown(value = "The volume's exact size in bytes", unit = Unit.BYTES)
    long sizeBytes() {
        return volume.sizeBytes();
    }

    @Shown("The volume's size with a unit")
    String size() {
        return ByteSize.format(volume.sizeBytes());
    }

    @Shown(
            "available, in-use while a host is connected, or what is happening to it: creating, extending, reverting, deleting, error, error-deleting")
    String state() {
        return volume.state().toString();
    }

    @Shown("The state as a number: " + ObjectState.CODES)
    int stateCode() {
        return volume.state().code();
    }

    @Shown("The operator's description of the volume; may be empty")
    String description() {
        return volume.description();
    }

    @Shown("The volume's labels as key=value,key=value; may be empty")
    String labels() {
        return Texts.labels(volume.labels());
    }

    @Shown("The volume's labels, a row each")
    List<LabelRow> labelRows() {
        return Texts.labelRows(volume.labels());
    }

    @Shown("When the volume's creation was asked for, ISO-8601 in UTC")
    String createdAt() {
        return Texts.millis(volume.createdAt());
    }

    @Shown(
            value = "When the volume's creation was asked for, in milliseconds since 1970",
            unit = Unit.MILLISECONDS)
    long createdAtMs() {
        return volume.createdAt().toEpochMilli();
    }

    @Shown(
            "Where the volume's bytes are, in the backend's own words; empty while it is being created")
    String location() {
        return volume.location();
    }

    @Shown("What the volume was made from; empty if it was made empty")
    String origin() {
        return volume.origin().map(this::originText).orElse("");
    }

    @Shown(
            "The ObjectName of the snapshot the volume was made from; empty if there is none, or none any more")
    String originSnapshot() {
        return volume.origin()
                .flatMap(Origin::snapshot)
                .flatMap(id -> readable(() -> volumes.snapshot(id)))
                .map(snapshot -> BeanNames.snapshot(snapshot).toString())
                .orElse("");
    }

    @Shown(
            "The ObjectName of the volume that it was made from, or from a snapshot of; empty if there is none, or none any more")
    String originVolume() {
        return volume.origin()
                .flatMap(origin -> readable(() -> volumes.volume(origin.volume())))
                .map(source -> BeanNames.volume(source).toString())
                .orElse("");
    }

    @Shown(
            "The MBeans of the volume's snapshots, newest first, 100 at most; listSnapshots gives all")
    List<ObjectName> snapshots() {
        try {
            return volumes.snapshots(ofThis(), MAX_SNAPSHOTS, "").items().stream()
                    .map(BeanNames::snapshot)
                    .toList();
        } catch (OperationException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Shown("How many snapshots the volume has")
    long snapshotCount() {
        return volume.snapshotCount();
    }

    @Shown("The availability zone; may be empty")
    String zone() {
        return volume.particulars().zone();
    }

    @Shown("The project that owns the volume; may be empty")
    String project() {
        return volume.particulars().project();
    }

    @Shown("The user who owns the volume; may be empty")
    String user() {
        return volume.particulars().user();
    }

    @Shown("The extra specs as key=value,key=value, kept for whoever reads them; may be empty")
    String extraSpecs() {
        return Texts.labels(volume.particulars().specs());
    }

    @Shown(
            "The specs of the quality of service as key=value,key=value, which whoever attaches the volume is to enforce; may be empty")
    String qosSpecs() {
        return Texts.labels(volume.particulars().qos());
    }

    @Shown("The MBeans of the connections to the volume and to its snapshots, newest first")
    List<ObjectName> connections() {
        return volumes.connections().of(volume.id()).stream().map(BeanNames::connection).toList();
    }

    @Shown("How many connections there are to the volume and to its snapshots")
    long connectionCount() {
        return volume.connectionCount();
    }

    @Shown("detached, or connected, attached or lost, whichever of its connections is furthest")
    String attachState() {
        List<Connection.State> states =
                volumes.connections().of(volume.id()).stream()
                        .filter(connection -> !connection.target().fixed())
                        .map(Connection::state)
                        .toList();
        return states.contains(Connection.State.ATTACHED)
                ? "attached"
                : states.contains(Connection.State.LOST)
                        ? "lost"
                        : states.isEmpty() ? "detached" : "connected";
    }

    @Shown("The tags that protect the volume from being deleted")
    List<HoldRow> holds() {
        return Texts.holdRows(volumes.alterations().holds(volume.id()));
    }

    @Shown("How many tags protect the volume from being deleted")
    long holdCount() {
        return volume.holdCount();
    }

    Filter ofThis() {
        return Filter.ofVolume(volume.backend(), volume.name());
    }

    /** An attribute of one object does not fail for the row of another. */
    private static <T> Optional<T> readable(Supplier<Optional<T>> reading) {
        try {
            return reading.get();
        } catch (DamagedRowException _) {
            return Optional.empty();
        }
    }

    private String originText(Origin origin) {
        try {
            return readableText(origin);
        } catch (DamagedRowException _) {
            return "%s of volume %s, whose row is damaged"
                    .formatted(
                            origin.snapshot().map(id -> "snapshot " + id).orElse("the content"),
                            origin.volume());
        }
    }

    private String readableText(Origin origin) {
        if (origin.snapshot().isEmpty()) {
            return volumes.volume(origin.volume())
                    .map(source -> "volume " + source.name())
                    .orElseGet(() -> "volume %s, which is deleted".formatted(origin.volume()));
        }
        return volumes.snapshot(origin.snapshot().get())
                .map(
                        snapshot ->
                                "snapshot %s of volume %s"
                                        .formatted(snapshot.name(), snapshot.volumeName()))
                .orElseGet(
                        () ->
                                "snapshot %s of volume %s, which is deleted"
                                        .formatted(origin.snapshot().get(), origin.volume()));
    }
}
