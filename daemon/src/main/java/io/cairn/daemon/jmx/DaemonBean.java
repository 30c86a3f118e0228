package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.jmx.Rows.BackendRow;
import io.cairn.daemon.jmx.Rows.DriverRow;
import io.cairn.daemon.jmx.Rows.PluginRow;
import io.cairn.daemon.jmx.Rows.SnapshotPage;
import io.cairn.daemon.jmx.Rows.UnfinishedRow;
import io.cairn.daemon.jmx.Rows.ValuePage;
import io.cairn.daemon.jmx.Rows.VolumePage;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.keyvalue.KeyValues.KeyValue;
import io.cairn.daemon.store.StoreHealth;
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

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** The daemon as a whole. Safe for many threads. */
@Description("The Cairn daemon: how it is, and lists of everything it keeps")
final class DaemonBean extends DaemonState {
    private static final String CONTINUATION =
            "Empty for the first page, then the continuation of the page before";

    /** Of the attribute; the operation gives more. */
    private static final int MAX_UNFINISHED = 100;

    private final Sources sources;
    private final LongSupplier missedNotifications;

    DaemonBean(Sources sources, LongSupplier missedNotifications) {
        super(sources);
        this.sources = sources;
        this.missedNotifications = missedNotifications;
    }

    @Shown("The daemon's version")
    String version() {
        return sources.version();
    }

    @Shown("running, or degraded if a backend is down or the state store takes no changes")
    String state() {
        return problems().isEmpty() ? "running" : "degraded";
    }

    @Shown("The state as a number: 1 running, 2 degraded")
    int stateCode() {
        return problems().isEmpty() ? 1 : 2;
    }

    @Shown("Why the daemon is degraded; empty if it is not")
    String stateReason() {
        return String.join("; ", problems());
    }

    @Shown("When the daemon was started, ISO-8601 in UTC")
    String startedAt() {
        return sources.startedAt().toString();
    }

    @Shown(
            value = "When the daemon was started, in milliseconds since 1970",
            unit = Unit.MILLISECONDS)
    long startedAtMs() {
        return sources.startedAt().toEpochMilli();
    }

    @Shown("How long the daemon has been running, for people")
    String uptime() {
        return Texts.duration(Texts.age(sources.startedAt()));
    }

    @Shown(
            value = "How long the daemon has been running, in milliseconds",
            unit = Unit.MILLISECONDS,
            counter = true)
    long uptimeMs() {
        return Texts.age(sources.startedAt()).toMillis();
    }

    @Shown("How many backends there are, those that are down included")
    int backendCount() {
        return sources.backends().size();
    }

    @Shown("How many of the backends are down")
    int backendsDownCount() {
        return (int) down().count();
    }

    @Shown("How many volumes there are on all backends")
    long volumeCount() {
        return sources.counts().volumes();
    }

    @Shown("How many snapshots there are on all backends")
    long snapshotCount() {
        return sources.counts().snapshots();
    }

    @Shown("How many changes were begun and are not finished, those that run now included")
    long unfinishedCount() {
        return sources.counts().unfinished();
    }

    @Shown(
            "How many of the unfinished changes do not run now: they wait until their backend can settle them")
    long waitingCount() {
        return sources.volumes().unfinished().stream().filter(change -> !change.running()).count();
    }

    @Shown("The unfinished changes, 100 at most; listUnfinished gives more")
    List<UnfinishedRow> unfinished() {
        return Pages.first(sources.volumes().unfinished(), MAX_UNFINISHED).stream()
                .map(Texts::row)
                .toList();
    }

    @Shown("The unfinished changes as a table in plain text, 100 at most")
    String unfinishedText() {
        return Texts.unfinishedTable(sources.volumes().unfinished(), MAX_UNFINISHED);
    }

    @Shown(value = "Memory used by objects, in bytes", unit = Unit.BYTES)
    long heapUsedBytes() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    @Shown(value = "The most memory that objects may use, in bytes", unit = Unit.BYTES)
    long heapMaxBytes() {
        return Runtime.getRuntime().maxMemory();
    }

    @Shown("open if the state store takes changes; otherwise fenced, full or closed")
    String storeState() {
        return sources.store().get().state().name().toLowerCase(Locale.ROOT);
    }

    @Shown("The store's state as a number: 1 open, 2 fenced, 3 full, 4 closed")
    int storeStateCode() {
        return switch (sources.store().get().state()) {
            case OPEN -> 1;
            case FENCED -> 2;
            case FULL -> 3;
            case CLOSED -> 4;
        };
    }

    @Shown("Why the state store takes no changes; empty if it does")
    String storeReason() {
        return sources.store().get().reason();
    }

    @Shown(value = "Free space where the state store is, in bytes", unit = Unit.BYTES)
    long storeFreeBytes() {
        return sources.store().get().freeBytes();
    }

    @Shown(value = "The length of the state store's log, in bytes", unit = Unit.BYTES)
    long storeLogBytes() {
        return sources.store().get().logBytes();
    }

    @Shown(value = "Changes that the state store has made durable", counter = true)
    long storeCommitCount() {
        return sources.store().get().commits();
    }

    @Shown(value = "Syncs that it took to make those changes durable", counter = true)
    long storeSyncCount() {
        return sources.store().get().batches();
    }

    @Shown(value = "Times that the state store found a change not written", counter = true)
    long storeFenceCount() {
        return sources.store().get().fences();
    }

    @Shown("What was mended when the state store was opened, a line each; empty if nothing was")
    String storeRepairs() {
        return String.join("\n", sources.store().get().repairs());
    }

    @Shown("How many plugin folders there are")
    int pluginCount() {
        return sources.plugins().size();
    }

    @Shown("What became of each plugin folder")
    List<PluginRow> plugins() {
        return sources.plugins().stream()
                .map(plugin -> new PluginRow(plugin.folder(), plugin.loaded(), plugin.message()))
                .toList();
    }

    @Shown("What became of each plugin folder, as a table in plain text")
    String pluginsText() {
        TextTable table = new TextTable("FOLDER", "LOADED", "MESSAGE");
        for (PluginReport plugin : sources.plugins()) {
            table.add(plugin.folder(), plugin.loaded() ? "yes" : "no", plugin.message());
        }
        return table.with(Texts.number(sources.plugins().size(), "plugin folder"));
    }

    @Shown(
            "How many of the newest volumes, and of the newest snapshots, a query shows that names no backend")
    int queryLimit() {
        return sources.limits().broad();
    }

    @Shown("How many volumes such a query, and JConsole's tree, does not show; listVolumes does")
    long volumesNotShownCount() {
        return Math.max(0, sources.counts().volumes() - sources.limits().broad());
    }

    @Shown(
            "How many snapshots such a query, and JConsole's tree, does not show; listSnapshots does")
    long snapshotsNotShownCount() {
        return Math.max(0, sources.counts().snapshots() - sources.limits().broad());
    }

    @Shown(value = "Notifications that were left out since listeners were too slow", counter = true)
    long missedNotificationCount() {
        return missedNotifications.getAsLong();
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

    @Shown("How many values callers keep here")
    long valueCount() {
        return sources.keyValues().count();
    }

    @WriteOperation(
            value =
                    "Keeps a text under a key, in place of the one that is there; durable when it returns, and may be repeated",
            role = Role.OPERATOR)
    String putValue(
            @Description("The key: " + KeyValues.KEY) String key,
            @Secret
                    @Description(
                            "Any text without NUL, 64 KiB of UTF-8 at most; the empty text is a value too")
                    String value)
            throws OperationException {
        sources.keyValues().put(key, value);
        return "stored " + key;
    }

    @ReadOperation(
            value = "The text that is kept under a key; NOT_FOUND if there is none",
            role = Role.OPERATOR)
    String getValue(@Description("The key that a text was put under") String key)
            throws OperationException {
        return sources.keyValues()
                .get(key)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no value of %s".formatted(key)));
    }

    @WriteOperation(
            value = "Forgets a key and its text; one that is not there is none already",
            role = Role.OPERATOR)
    String deleteValue(@Description("The key that a text was put under") String key)
            throws OperationException {
        return (sources.keyValues().delete(key) ? "deleted " : "there was no ") + key;
    }

    @ReadOperation(
            value = "Keys and their values in the order of the keys, a page at a time",
            role = Role.OPERATOR)
    ValuePage listValues(
            @Description("What the keys begin with; empty for all") String prefix,
            @Description(Requests.LIMIT) int limit,
            @Description(CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return values(prefix, limit, continuation, Texts::values);
    }

    @ReadOperation(
            value = "Keys and the beginnings of their values as a table in plain text",
            role = Role.OPERATOR)
    String listValuesText(
            @Description("What the keys begin with; empty for all") String prefix,
            @Description(Requests.LIMIT) int limit,
            @Description(CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return values(prefix, limit, continuation, Texts::valueTable);
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

    @WriteOperation(
            value =
                    "Opens the backend that etc/backends/NAME.properties describes; returns the backend's ObjectName",
            role = Role.ADMIN)
    String openBackend(
            @Description("The backend's name, which is its file's without .properties") String name)
            throws OperationException, InterruptedException {
        return sources.operations().open(name);
    }

    @WriteOperation(
            value =
                    "Closes a backend, once the calls that run have ended; its volumes stay listed and cannot be used until it is opened again",
            role = Role.ADMIN)
    String closeBackend(
            @Description("The backend's name") String name,
            @Description("The backend's name once more, so that none is closed by a slip")
                    String confirm)
            throws OperationException, InterruptedException {
        return sources.operations().close(name, confirm);
    }

    @ReadOperation("Every driver that backends can use, with all its settings")
    List<DriverRow> listDrivers() {
        return sources.operations().drivers().stream().map(DriverTexts::row).toList();
    }

    @ReadOperation("Every driver that backends can use, with all its settings, in plain text")
    String listDriversText() {
        return DriverTexts.text(sources.operations().drivers());
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
        VolumeId volumeId;
        SnapshotId snapshotId;
        try {
            volumeId = VolumeId.parse(id.strip());
            snapshotId = SnapshotId.parse(id.strip());
        } catch (IllegalArgumentException e) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not a UUID: write 36 characters such as 123e4567-e89b-42d3-a456-426614174000"
                            .formatted(Names.shortened(id)),
                    e);
        }
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

    private <R> R values(
            String prefix, int limit, String continuation, Function<Page<KeyValue>, R> form)
            throws OperationException, InterruptedException {
        return Pages.SHARED.page(
                (most, from) -> sources.keyValues().list(prefix, most, from),
                value -> value.key().length() + value.value().length(),
                Requests.limit(limit),
                continuation.strip(),
                form);
    }

    private Stream<BackendStatus> down() {
        return sources.allBackends().stream().filter(backend -> !backend.state().up());
    }

    private List<String> problems() {
        List<String> problems = new ArrayList<>();
        StoreHealth store = sources.store().get();
        if (store.state() != StoreHealth.State.OPEN) {
            problems.add("the state store is %s: %s".formatted(storeState(), store.reason()));
        }
        down().forEach(
                        backend ->
                                problems.add(
                                        "backend %s is down: %s"
                                                .formatted(
                                                        backend.name(), backend.state().reason())));
        return problems;
    }
}
