package io.cairn.daemon.jmx;

import io.cairn.daemon.jmx.Rows.ChangedRangePage;
import io.cairn.daemon.jmx.Rows.ChangedRangeRow;
import io.cairn.daemon.jmx.Rows.ConnectionRow;
import io.cairn.daemon.jmx.Rows.DeletedPage;
import io.cairn.daemon.jmx.Rows.DeletedRow;
import io.cairn.daemon.jmx.Rows.HoldRow;
import io.cairn.daemon.jmx.Rows.LabelRow;
import io.cairn.daemon.jmx.Rows.SnapshotPage;
import io.cairn.daemon.jmx.Rows.SnapshotRow;
import io.cairn.daemon.jmx.Rows.UnfinishedRow;
import io.cairn.daemon.jmx.Rows.UnmanagedPage;
import io.cairn.daemon.jmx.Rows.UnmanagedRow;
import io.cairn.daemon.jmx.Rows.ValuePage;
import io.cairn.daemon.jmx.Rows.ValueRow;
import io.cairn.daemon.jmx.Rows.VolumePage;
import io.cairn.daemon.jmx.Rows.VolumeRow;
import io.cairn.daemon.keyvalue.KeyValues.KeyValue;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Deleted;
import io.cairn.daemon.volume.Hold;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Unfinished;
import io.cairn.daemon.volume.Volume;
import io.cairn.spi.ByteSize;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Unmanaged;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Values as rows and as texts. */
final class Texts {
    private Texts() {}

    static VolumePage volumes(Page<Volume> page) {
        return new VolumePage(page.items().stream().map(Texts::row).toList(), page.continuation());
    }

    static SnapshotPage snapshots(Page<Snapshot> page) {
        return new SnapshotPage(
                page.items().stream().map(Texts::row).toList(), page.continuation());
    }

    static VolumeRow row(Volume volume) {
        return new VolumeRow(
                BeanNames.volume(volume),
                volume.id().toString(),
                volume.backend(),
                volume.pool(),
                volume.name(),
                volume.sizeBytes(),
                volume.state().toString(),
                volume.state().code(),
                millis(volume.createdAt()),
                volume.createdAt().toEpochMilli(),
                volume.description(),
                labels(volume.labels()),
                volume.snapshotCount());
    }

    static SnapshotRow row(Snapshot snapshot) {
        return new SnapshotRow(
                BeanNames.snapshot(snapshot),
                snapshot.id().toString(),
                snapshot.backend(),
                snapshot.volumeName(),
                snapshot.name(),
                snapshot.sizeBytes(),
                snapshot.state().toString(),
                snapshot.state().code(),
                millis(snapshot.createdAt()),
                snapshot.createdAt().toEpochMilli(),
                snapshot.description(),
                labels(snapshot.labels()));
    }

    static UnfinishedRow row(Unfinished change) {
        return new UnfinishedRow(
                change.backend(),
                change.what(),
                change.volume().toString(),
                change.since().toString(),
                age(change.since()).toMillis(),
                change.running(),
                change.lastError());
    }

    static ConnectionRow row(Connection connection) {
        return new ConnectionRow(
                BeanNames.connection(connection),
                connection.id().toString(),
                connection.backend(),
                connection.volumeName(),
                connection.snapshotName(),
                connection.host(),
                mode(connection),
                connection.protocol(),
                connection.state().toString(),
                connection.state().code(),
                connection.device(),
                millis(connection.createdAt()));
    }

    static String mode(Connection connection) {
        return connection.readOnly() ? "ro" : "rw";
    }

    static String connectionTable(Page<Connection> page) {
        return connectionTable(page.items(), ending(page, "connection"));
    }

    static String connectionTable(List<Connection> connections) {
        return connectionTable(connections, number(connections.size(), "connection"));
    }

    private static String connectionTable(List<Connection> connections, String lastLine) {
        TextTable table =
                new TextTable(
                        "HOST", "VOLUME", "SNAPSHOT", "MODE", "PROTOCOL", "STATE", "DEVICE", "ID");
        for (Connection connection : connections) {
            table.add(
                    connection.host(),
                    connection.volumeName(),
                    connection.snapshotName(),
                    mode(connection),
                    connection.protocol(),
                    connection.state(),
                    connection.device(),
                    connection.id());
        }
        return table.with(lastLine);
    }

    static List<HoldRow> holdRows(List<Hold> holds) {
        return holds.stream()
                .map(hold -> new HoldRow(hold.tag(), hold.by(), millis(hold.since())))
                .toList();
    }

    static DeletedPage deleted(Page<Deleted> page) {
        return new DeletedPage(page.items().stream().map(Texts::row).toList(), page.continuation());
    }

    private static DeletedRow row(Deleted deleted) {
        return new DeletedRow(
                deleted.kind().toString(),
                deleted.id().toString(),
                deleted.backend(),
                deleted.volumeName(),
                deleted.name(),
                deleted.sizeBytes(),
                ObjectState.DELETED.toString(),
                ObjectState.DELETED.code(),
                millis(deleted.createdAt()),
                millis(deleted.deletedAt()),
                deleted.description(),
                labels(deleted.labels()));
    }

    static String deletedTable(Page<Deleted> page) {
        TextTable table = new TextTable("KIND", "NAME", "VOLUME", "SIZE", "DELETED", "ID");
        for (Deleted deleted : page.items()) {
            table.add(
                    deleted.kind(),
                    deleted.name(),
                    deleted.volumeName(),
                    ByteSize.format(deleted.sizeBytes()),
                    seconds(deleted.deletedAt()),
                    deleted.id());
        }
        return table.with(ending(page, "object"));
    }

    static UnmanagedPage unmanaged(Page<Unmanaged> page) {
        return new UnmanagedPage(
                page.items().stream()
                        .map(one -> new UnmanagedRow(one.path(), one.sizeBytes(), one.obstacle()))
                        .toList(),
                page.continuation());
    }

    static String unmanagedTable(Page<Unmanaged> page) {
        TextTable table = new TextTable("PATH", "SIZE", "OBSTACLE");
        for (Unmanaged one : page.items()) {
            table.add(
                    Names.clean(one.path()),
                    ByteSize.format(one.sizeBytes()),
                    Names.clean(one.obstacle()));
        }
        return table.with(ending(page, "object"));
    }

    static ChangedRangePage changed(Page<ChangedRange> page) {
        return new ChangedRangePage(
                page.items().stream()
                        .map(one -> new ChangedRangeRow(one.offsetBytes(), one.lengthBytes()))
                        .toList(),
                page.continuation());
    }

    static String changedTable(Page<ChangedRange> page) {
        TextTable table = new TextTable("OFFSET", "LENGTH", "SIZE");
        for (ChangedRange one : page.items()) {
            table.add(one.offsetBytes(), one.lengthBytes(), ByteSize.format(one.lengthBytes()));
        }
        return table.with(ending(page, "range"));
    }

    static String volumeTable(Page<Volume> page) {
        TextTable table =
                new TextTable(
                        "NAME", "BACKEND", "POOL", "SIZE", "SNAPSHOTS", "STATE", "CREATED", "ID");
        for (Volume volume : page.items()) {
            table.add(
                    volume.name(),
                    volume.backend(),
                    volume.pool(),
                    ByteSize.format(volume.sizeBytes()),
                    volume.snapshotCount(),
                    volume.state(),
                    seconds(volume.createdAt()),
                    volume.id());
        }
        return table.with(ending(page, "volume"));
    }

    static String snapshotTable(Page<Snapshot> page) {
        TextTable table =
                new TextTable("NAME", "BACKEND", "VOLUME", "SIZE", "STATE", "CREATED", "ID");
        for (Snapshot snapshot : page.items()) {
            table.add(
                    snapshot.name(),
                    snapshot.backend(),
                    snapshot.volumeName(),
                    ByteSize.format(snapshot.sizeBytes()),
                    snapshot.state(),
                    seconds(snapshot.createdAt()),
                    snapshot.id());
        }
        return table.with(ending(page, "snapshot"));
    }

    static ValuePage values(Page<KeyValue> page) {
        return new ValuePage(
                page.items().stream().map(one -> new ValueRow(one.key(), one.value())).toList(),
                page.continuation());
    }

    /** Values may hold line breaks and more than a screen: of each the beginning, in one line. */
    static String valueTable(Page<KeyValue> page) {
        TextTable table = new TextTable("KEY", "CHARACTERS", "VALUE");
        for (KeyValue one : page.items()) {
            table.add(one.key(), one.value().length(), Names.shortened(one.value()));
        }
        return table.with(ending(page, "value"));
    }

    /** The first of the changes; the last line tells how many there are in all. */
    static String unfinishedTable(List<Unfinished> changes, int limit) {
        List<Unfinished> shown = Pages.first(changes, limit);
        TextTable table = new TextTable("BACKEND", "CHANGE", "AGE", "NOW", "LAST ERROR");
        for (Unfinished change : shown) {
            table.add(
                    change.backend(),
                    change.what(),
                    duration(age(change.since())),
                    change.running() ? "running" : "waiting",
                    change.lastError());
        }
        String all = number(changes.size(), "change") + " not finished";
        return table.with(
                shown.size() == changes.size()
                        ? all
                        : "%s, of which these are the first %d".formatted(all, shown.size()));
    }

    /** Labels as {@link PropertyText} reads them, in the order of their keys. */
    static String labels(Map<String, String> labels) {
        return PropertyText.format(new TreeMap<>(labels));
    }

    static List<LabelRow> labelRows(Map<String, String> labels) {
        return new TreeMap<>(labels)
                .entrySet().stream()
                        .map(label -> new LabelRow(label.getKey(), label.getValue()))
                        .toList();
    }

    /** The two largest units of a time that has passed, such as {@code 3 d 4 h}. */
    static String duration(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 60) {
            return seconds + " s";
        }
        long minutes = seconds / 60;
        if (minutes < 60) {
            return "%d min %d s".formatted(minutes, seconds % 60);
        }
        long hours = minutes / 60;
        return hours < 24
                ? "%d h %d min".formatted(hours, minutes % 60)
                : "%d d %d h".formatted(hours / 24, hours % 24);
    }

    static String number(long count, String thing) {
        return "%d %s%s".formatted(count, thing, count == 1 ? "" : "s");
    }

    static Duration age(Instant since) {
        return Duration.between(since, Instant.now());
    }

    /** Nine decimals are more than anybody reads. */
    static String millis(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    static String seconds(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    static String ending(Page<?> page, String thing) {
        String shown = number(page.items().size(), thing);
        return page.continuation().isEmpty()
                ? shown + ", no more"
                : "%s; there are more: ask again with continuation %s"
                        .formatted(shown, page.continuation());
    }
}
