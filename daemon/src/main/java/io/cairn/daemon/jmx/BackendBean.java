package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.metric.OperationStats;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.OperationException;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.Chore;
import io.cairn.spi.DriverInfo;

import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import javax.management.ObjectName;

/** A backend. Safe for many threads. */
@Description("A backend: one configured storage system, run by one driver")
final class BackendBean extends BackendDrift {
    private final Sources sources;
    private final String name;
    private final Supplier<BackendStatus> status;

    /**
     * @param who the name of whoever calls
     */
    BackendBean(
            Sources sources, String name, Supplier<BackendStatus> status, Supplier<String> who) {
        super(sources.volumes(), sources.checks(), name, who);
        this.sources = sources;
        this.name = name;
        this.status = status;
    }

    @Shown("The backend's name")
    String name() {
        return name;
    }

    @Shown("The operator's description of the backend; may be empty")
    String description() {
        return status.get().description();
    }

    @Shown("The name of the driver that runs the backend; empty if the backend is not configured")
    String driver() {
        return status.get().driver();
    }

    @Shown("The driver's version; empty if no plugin brings the driver")
    String driverVersion() {
        return status.get().info().map(DriverInfo::version).orElse("");
    }

    @Shown("Who answers for the driver; empty if no plugin brings it")
    String driverVendor() {
        return status.get().info().map(DriverInfo::vendor).orElse("");
    }

    @Shown("What storage the driver drives, in a sentence; empty if no plugin brings it")
    String driverDescription() {
        return status.get().info().map(DriverInfo::description).orElse("");
    }

    @Shown("up if the backend's driver is open, down otherwise")
    String state() {
        return status.get().stateText();
    }

    @Shown("The state as a number: 1 up, 2 down")
    int stateCode() {
        return status.get().stateCode();
    }

    @Shown("Why the backend is down; empty if it is up")
    String stateReason() {
        return status.get().state().reason();
    }

    @Shown("Since when the backend is up or down, ISO-8601 in UTC")
    String stateSince() {
        return status.get().state().since().toString();
    }

    @Shown("The MBeans of the backend's pools")
    List<ObjectName> pools() {
        return status.get().pools().pools().stream()
                .map(pool -> BeanNames.pool(name, pool.name()))
                .toList();
    }

    @Shown("The backend's pools with their space, a line each")
    String poolsText() {
        return status.get().pools().pools().stream()
                .map(pool -> pool.name() + ": " + PoolBean.text(pool))
                .collect(Collectors.joining("\n"));
    }

    @Shown("How many pools the backend has")
    int poolCount() {
        return status.get().pools().pools().size();
    }

    @Shown(value = "The space of all pools, in bytes", unit = Unit.BYTES)
    long totalBytes() {
        return status.get().totalBytes();
    }

    @Shown(value = "What can still be written to all pools, in bytes", unit = Unit.BYTES)
    long freeBytes() {
        return status.get().freeBytes();
    }

    @Shown(
            value =
                    "How old the numbers of the pools are, in milliseconds; -1 if there are none yet",
            unit = Unit.MILLISECONDS)
    long statsAgeMs() {
        return status.get().statsAgeMs();
    }

    @Shown("Why the numbers of the pools could not be refreshed; empty if they could")
    String statsProblem() {
        return status.get().pools().problem();
    }

    @Shown("How many pieces of work go on in the background here, such as merging what is deleted")
    int backgroundWorkCount() {
        return status.get().chores().get().size();
    }

    @Shown("The work that goes on in the background, a line each with how much of it is done")
    String backgroundWork() {
        return status.get().chores().get().stream()
                .map(BackendBean::text)
                .collect(Collectors.joining("\n"));
    }

    private static String text(Chore chore) {
        String done =
                chore.total() == 0
                        ? ""
                        : ": %.1f %%".formatted(100.0 * chore.done() / chore.total());
        return chore.what() + done + (chore.problem().isEmpty() ? "" : "; " + chore.problem());
    }

    @Shown("How a snapshot is cut here; empty if the backend has never been up")
    String snapshotMethod() {
        return status.get().facts().map(BackendFacts::snapshotMethod).orElse("");
    }

    @Shown(
            "What the time and space of a snapshot grow with; empty if the backend has never been up")
    String snapshotCost() {
        return status.get().facts().map(BackendFacts::snapshotCost).orElse("");
    }

    @Shown(
            "What holds for this backend and not for every one: thin, shared-snapshots, shared-clones")
    String traits() {
        return status.get().facts().stream()
                .flatMap(facts -> facts.traits().stream())
                .sorted()
                .map(Trait::name)
                .map(trait -> trait.toLowerCase(Locale.ROOT).replace('_', '-'))
                .collect(Collectors.joining(","));
    }

    @Shown(
            "What the backend can do and not every one, its traits included, as a,b; empty if it has never been up")
    String capabilities() {
        return String.join(",", status.get().capabilities());
    }

    @Shown("The backend's settings as key=value, a line each; secrets as ***")
    String settings() {
        return new TreeMap<>(status.get().settings())
                .entrySet().stream()
                        .map(setting -> setting.getKey() + "=" + setting.getValue())
                        .collect(Collectors.joining("\n"));
    }

    @Shown("How many volumes the backend has")
    long volumeCount() {
        return counts().volumes();
    }

    @Shown("How many snapshots the backend has")
    long snapshotCount() {
        return counts().snapshots();
    }

    @Shown("How many changes were begun and are not finished, those that run now included")
    long unfinishedCount() {
        return counts().unfinished();
    }

    @Shown("Calls to the driver that run now")
    int runningCallCount() {
        return status.get().load().running();
    }

    @Shown("Calls to the driver that wait for a thread")
    int waitingCallCount() {
        return status.get().load().waiting();
    }

    @Shown("Calls that still run in the driver though their callers were told that no answer came")
    int overdueCallCount() {
        return status.get().load().overdue();
    }

    @Shown(value = "Calls refused since the backend was too busy", counter = true)
    long refusedCallCount() {
        return status.get().load().refused();
    }

    @Shown(
            "closed if work goes to the driver; open if the backend does not answer and work is refused; half-open while it is asked whether it does again; off if it has no breaker")
    String breakerState() {
        return status.get().breaker().state().toString();
    }

    @Shown("The breaker's state as a number: 0 off, 1 closed, 2 open, 3 half-open")
    int breakerStateCode() {
        return status.get().breakerCode();
    }

    @Shown("Why the breaker is open; empty if it is not")
    String breakerReason() {
        return status.get().breaker().reason();
    }

    @Shown("Since when the breaker is open, half-open included, or closed, ISO-8601 in UTC")
    String breakerSince() {
        return status.get().breaker().since().toString();
    }

    @Shown(value = "For how long, in milliseconds", unit = Unit.MILLISECONDS)
    long breakerAgeMs() {
        return status.get().breaker().age().toMillis();
    }

    @Shown(
            value =
                    "How often the breaker opened since the daemon started or the backend was opened",
            counter = true)
    long breakerOpenedCount() {
        return status.get().breaker().opened();
    }

    @WriteOperation(
            value =
                    "Asks a backend whose breaker is open at once whether it answers, and closes the breaker if so; returns the breaker's state",
            role = Role.OPERATOR)
    String resetBreaker() throws OperationException, InterruptedException {
        return sources.operations().resetBreaker(name);
    }

    @WriteOperation(
            value = "Makes a volume that reads as zeroes; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String createVolume(
            @Description(
                            "The volume's name, unique in the backend: lower-case letters, digits, '.', '_', '-'; empty lets Cairn choose")
                    String name,
            @Description("The volume's size: a whole number and a unit, such as 512MiB or 10GiB")
                    String size)
            throws OperationException, InterruptedException {
        return createVolumeWith(name, size, "");
    }

    @WriteOperation(
            value =
                    "Makes a volume that reads as zeroes, with more properties; returns the volume's ObjectName",
            role = Role.OPERATOR)
    String createVolumeWith(
            @Description("The volume's name, unique in the backend; empty lets Cairn choose")
                    String name,
            @Description("The volume's size: a whole number and a unit, such as 512MiB or 10GiB")
                    String size,
            @Description(Requests.VOLUME_PROPERTIES) String properties)
            throws OperationException, InterruptedException {
        return BeanNames.volume(
                        sources.volumes()
                                .createVolume(
                                        this.name, Requests.newVolume(name, size, properties)))
                .toString();
    }

    @ReadOperation(
            value =
                    "Asks the driver for the numbers of the pools now; returns them as a table in plain text",
            role = Role.OPERATOR)
    String refreshStats() throws OperationException, InterruptedException {
        return sources.operations().refreshStats(name);
    }

    Space figures() {
        return Space.of(status.get(), sources.volumes().poolCounts(name));
    }

    private Counts counts() {
        return sources.volumes().counts(name);
    }

    OperationStats stats(Operation operation) {
        return sources.metrics().of(name, operation);
    }
}
