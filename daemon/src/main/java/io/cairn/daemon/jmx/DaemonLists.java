package io.cairn.daemon.jmx;

import io.cairn.daemon.jmx.Rows.BackendRow;
import io.cairn.daemon.jmx.Rows.SnapshotPage;
import io.cairn.daemon.jmx.Rows.UnfinishedRow;
import io.cairn.daemon.jmx.Rows.VolumePage;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.List;
import java.util.function.Function;

/** What there is, in lists: objects, unfinished changes and backends. Safe for many threads. */
class DaemonLists extends DaemonValues {
    static final String CONTINUATION =
            "Empty for the first page, then the continuation of the page before";

    private final Sources sources;

    DaemonLists(Sources sources) {
        super(sources);
        this.sources = sources;
    }

    @ReadOperation(
            "Volumes of all backends, newest first unless sorted otherwise, a page at a time")
    VolumePage listVolumes(
            @Description(Requests.VOLUME_FILTER) String filter,
            @Description(Requests.LIMIT) int limit,
            @Description(CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return volumes(filter, limit, continuation, Texts::volumes);
    }

    @ReadOperation(
            "Volumes of all backends, newest first unless sorted otherwise, as a table in plain text")
    String listVolumesText(
            @Description(Requests.VOLUME_FILTER) String filter,
            @Description(Requests.LIMIT) int limit,
            @Description(CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return volumes(filter, limit, continuation, Texts::volumeTable);
    }

    @ReadOperation(
            "Snapshots of all backends, newest first unless sorted otherwise, a page at a time")
    SnapshotPage listSnapshots(
            @Description(Requests.SNAPSHOT_FILTER) String filter,
            @Description(Requests.LIMIT) int limit,
            @Description(CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return snapshots(filter, limit, continuation, Texts::snapshots);
    }

    @ReadOperation(
            "Snapshots of all backends, newest first unless sorted otherwise, as a table in plain text")
    String listSnapshotsText(
            @Description(Requests.SNAPSHOT_FILTER) String filter,
            @Description(Requests.LIMIT) int limit,
            @Description(CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return snapshots(filter, limit, continuation, Texts::snapshotTable);
    }

    @ReadOperation("How many volumes a list with this filter has")
    long countVolumes(@Description(Requests.VOLUME_FILTER) String filter)
            throws OperationException, InterruptedException {
        Filter wanted = Filters.ofVolumes(filter);
        return Pages.SHARED.inTurn(() -> sources.volumes().countVolumes(wanted));
    }

    @ReadOperation("How many snapshots a list with this filter has")
    long countSnapshots(@Description(Requests.SNAPSHOT_FILTER) String filter)
            throws OperationException, InterruptedException {
        Filter wanted = Filters.ofSnapshots(filter);
        return Pages.SHARED.inTurn(() -> sources.volumes().countSnapshots(wanted));
    }

    @ReadOperation(
            "The changes that were begun and are not finished, oldest first, 1000 at most; fewer if their texts are long")
    List<UnfinishedRow> listUnfinished() {
        return Pages.first(sources.volumes().unfinished(), Requests.MAX_LIMIT).stream()
                .map(Texts::row)
                .toList();
    }

    @ReadOperation("The same changes as a table in plain text")
    String listUnfinishedText() {
        return Texts.unfinishedTable(sources.volumes().unfinished(), Requests.MAX_LIMIT);
    }

    @ReadOperation("All backends, those that are down included")
    List<BackendRow> listBackends() {
        return sources.allBackends().stream().map(this::row).toList();
    }

    @ReadOperation("All backends, as a table in plain text")
    String listBackendsText() {
        TextTable table =
                new TextTable(
                        "NAME",
                        "DRIVER",
                        "STATE",
                        "FREE",
                        "TOTAL",
                        "PROVISIONED",
                        "VOLUMES",
                        "SNAPSHOTS",
                        "REASON");
        for (BackendRow row : listBackends()) {
            table.add(
                    row.name(),
                    row.driver(),
                    row.state(),
                    PoolBean.rounded(row.freeBytes()),
                    PoolBean.rounded(row.totalBytes()),
                    PoolBean.rounded(row.provisionedBytes()),
                    row.volumeCount(),
                    row.snapshotCount(),
                    row.stateReason());
        }
        return table.with(Texts.number(sources.backends().size(), "backend"));
    }

    @ReadOperation("Finds a volume or a snapshot by its UUID; returns its ObjectName")
    String find(@Description("The UUID of a volume or a snapshot") String id)
            throws OperationException {
        VolumeId volumeId = volumeId(id);
        SnapshotId snapshotId = new SnapshotId(volumeId.value());
        return sources.volumes()
                .volume(volumeId)
                .map(BeanNames::volume)
                .or(() -> sources.volumes().snapshot(snapshotId).map(BeanNames::snapshot))
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND,
                                        "no volume and no snapshot has the id %s"
                                                .formatted(volumeId)))
                .toString();
    }

    static VolumeId volumeId(String text) throws OperationException {
        try {
            return VolumeId.parse(text.strip());
        } catch (IllegalArgumentException e) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not a UUID: write 36 characters such as 123e4567-e89b-42d3-a456-426614174000"
                            .formatted(Names.shortened(text)),
                    e);
        }
    }

    private BackendRow row(BackendStatus backend) {
        Counts counts = sources.volumes().counts(backend.name());
        Space space = Space.of(backend, sources.volumes().poolCounts(backend.name()));
        return new BackendRow(
                BeanNames.backend(backend.name()),
                backend.name(),
                backend.driver(),
                backend.stateText(),
                backend.stateCode(),
                backend.state().reason(),
                backend.totalBytes(),
                backend.freeBytes(),
                space.counts().provisionedBytes(),
                space.oversubscription(),
                space.provisioning(),
                counts.volumes(),
                counts.snapshots(),
                counts.unfinished());
    }

    private <R> R volumes(
            String filter, int limit, String continuation, Function<Page<Volume>, R> form)
            throws OperationException, InterruptedException {
        Filter wanted = Filters.ofVolumes(filter);
        return Pages.SHARED.page(
                (most, from) -> sources.volumes().volumes(wanted, most, from),
                Pages::bytes,
                Requests.limit(limit),
                continuation.strip(),
                form);
    }

    private <R> R snapshots(
            String filter, int limit, String continuation, Function<Page<Snapshot>, R> form)
            throws OperationException, InterruptedException {
        Filter wanted = Filters.ofSnapshots(filter);
        return Pages.SHARED.page(
                (most, from) -> sources.volumes().snapshots(wanted, most, from),
                Pages::bytes,
                Requests.limit(limit),
                continuation.strip(),
                form);
    }
}
