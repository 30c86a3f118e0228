package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Role;
import io.cairn.daemon.drift.Report;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.jmx.Rows.AuditRow;
import io.cairn.daemon.jmx.Rows.DriverRow;
import io.cairn.daemon.jmx.Rows.PluginRow;
import io.cairn.daemon.jmx.Rows.UnfinishedRow;
import io.cairn.daemon.store.StoreHealth;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.DamagedRow;
import io.cairn.daemon.volume.OperationException;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The daemon as a whole. Safe for many threads. */
@Description("The Cairn daemon: how it is, and lists of everything it keeps")
final class DaemonBean extends DaemonLists {
    /** Of the attribute; the operation gives more. */
    private static final int MAX_UNFINISHED = 100;

    /** A screen holds no more, and the log has all. */
    private static final int MAX_DAMAGED = 100;

    private final Sources sources;
    private final Audit audit;
    private final LongSupplier missedNotifications;

    DaemonBean(Sources sources, Audit audit, LongSupplier missedNotifications) {
        super(sources);
        this.sources = sources;
        this.audit = audit;
        this.missedNotifications = missedNotifications;
    }

    @Shown("The daemon's version")
    String version() {
        return sources.version();
    }

    @Shown(
            "running, or degraded if a backend is down or tells nothing of its pools, the state store takes no changes or rows of it are damaged")
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

    @Shown(
            "How many differences between the state and the backends the last check of each found; each backend's DriftText says which")
    long driftCount() {
        return sources.backends().keySet().stream()
                .map(sources.checks()::status)
                .flatMap(status -> status.last().stream())
                .mapToLong(Report::count)
                .sum();
    }

    @Shown("How many changes were begun and are not finished, those that run now included")
    long unfinishedCount() {
        return sources.volumes().unfinished().size();
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

    @Shown(
            "How many damaged rows of the state were met since the daemon started, 1000 at most; lists leave out what they stand for")
    int damagedCount() {
        return sources.volumes().damaged().size();
    }

    @Shown(
            "The damaged rows and what is wrong with them, a line each, 100 at most; empty if none was met")
    String damagedText() {
        return sources.volumes().damaged().stream()
                .limit(MAX_DAMAGED)
                .map(DamagedRow::toString)
                .collect(Collectors.joining("\n"));
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

    @WriteOperation(
            value =
                    "As the operation of the same name of a volume, also for one that has no MBean since its row is damaged or missing; returns what it was",
            role = Role.ADMIN)
    String forgetUnfinished(
            @Description("The volume's UUID, as listUnfinished gives it") String id,
            @Description("The UUID once more, so that nothing is given up by a slip")
                    String confirm)
            throws OperationException, InterruptedException {
        VolumeId volume = volumeId(id);
        VolumeBean.requireTyped(confirm.strip(), volume.toString(), volume.toString(), "given up");
        return sources.volumes().forgetUnfinished(volume);
    }

    @ReadOperation(
            value =
                    "Who did what, and what was refused, since the daemon started, newest first: the newest 1000 lines of the audit at most, and fewer if they are long",
            role = Role.ADMIN)
    List<AuditRow> listAudit(@Description(Requests.LIMIT_WITHOUT_MORE) int limit)
            throws OperationException {
        return audited(limit).stream()
                .map(line -> new AuditRow(Texts.millis(line.at()), line.text()))
                .toList();
    }

    @ReadOperation(value = "The same as lines of plain text", role = Role.ADMIN)
    String listAuditText(@Description(Requests.LIMIT_WITHOUT_MORE) int limit)
            throws OperationException {
        List<Audit.Line> lines = audited(limit);
        return Stream.concat(
                        lines.stream().map(line -> Texts.millis(line.at()) + " " + line.text()),
                        Stream.of(Texts.number(lines.size(), "line")))
                .collect(Collectors.joining("\n"));
    }

    private List<Audit.Line> audited(int limit) throws OperationException {
        return Pages.first(
                audit.recent(Requests.limit(limit)).reversed(),
                limit,
                line -> line.text().length());
    }

    @ReadOperation("Every driver that backends can use, with all its settings")
    List<DriverRow> listDrivers() {
        return sources.operations().drivers().stream().map(DriverTexts::row).toList();
    }

    @ReadOperation("Every driver that backends can use, with all its settings, in plain text")
    String listDriversText() {
        return DriverTexts.text(sources.operations().drivers());
    }

    /** One that nothing describes and of which only the deleted are remembered does no harm. */
    private Stream<BackendStatus> down() {
        return sources.allBackends().stream()
                .filter(backend -> !backend.state().up())
                .filter(backend -> !backend.driver().isEmpty() || holds(backend.name()));
    }

    private boolean holds(String backend) {
        Counts counts = sources.volumes().counts(backend);
        return counts.volumes() + counts.snapshots() + counts.unfinished() > 0;
    }

    private List<String> problems() {
        List<String> problems = new ArrayList<>();
        StoreHealth store = sources.store().get();
        if (store.state() != StoreHealth.State.OPEN) {
            problems.add("the state store is %s: %s".formatted(storeState(), store.reason()));
        }
        int damaged = damagedCount();
        if (damaged > 0) {
            problems.add(
                    "%s of the state %s damaged; DamagedText says which"
                            .formatted(Texts.number(damaged, "row"), damaged == 1 ? "is" : "are"));
        }
        down().forEach(
                        backend ->
                                problems.add(
                                        "backend %s is down: %s"
                                                .formatted(
                                                        backend.name(), backend.state().reason())));
        sources.allBackends().stream()
                .filter(backend -> backend.state().up() && backend.breaker().refuses())
                .forEach(
                        backend ->
                                problems.add(
                                        "backend %s does not answer, and no work is given to it: %s"
                                                .formatted(
                                                        backend.name(),
                                                        backend.breaker().reason())));
        sources.allBackends().stream()
                .filter(backend -> backend.state().up() && !backend.pools().problem().isEmpty())
                .forEach(
                        backend ->
                                problems.add(
                                        "backend %s tells nothing of its pools: %s"
                                                .formatted(
                                                        backend.name(),
                                                        backend.pools().problem())));
        return problems;
    }
}
