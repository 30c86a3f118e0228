package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.drift.Drift;
import io.cairn.daemon.drift.Drift.Kind;
import io.cairn.daemon.drift.Report;
import io.cairn.daemon.jmx.Rows.DriftPage;
import io.cairn.daemon.jmx.Rows.DriftRow;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Volumes;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Whether a backend still has what is recorded of it. Safe for many threads. */
class BackendDrift extends BackendTrash {
    /** Zabbix waits for no answer for longer than three seconds. */
    private static final Duration PATIENCE = Duration.ofMillis(2_500);

    /** Of the attribute; the operations give more. */
    private static final int MAX_SHOWN = 100;

    private static final String FROM_LAST = " in the last check that was finished";

    private final Checks checks;
    private final String backend;

    BackendDrift(Volumes volumes, Checks checks, String backend, Supplier<String> who) {
        super(volumes, backend, who);
        this.checks = checks;
        this.backend = backend;
    }

    @Shown(
            "Whether the backend was compared with the state since the start: never, running, done, or failed if the last attempt did not come to its end")
    String checkState() {
        return switch (checkStateCode()) {
            case 1 -> "never";
            case 2 -> "running";
            case 3 -> "done";
            default -> "failed";
        };
    }

    @Shown("The same as a number: 1 never, 2 running, 3 done, 4 failed")
    int checkStateCode() {
        Checks.Status status = status();
        if (status.running()) {
            return 2;
        }
        if (status.failure().isPresent()) {
            return 4;
        }
        return status.last().isPresent() ? 3 : 1;
    }

    @Shown("Why the last attempt to check did not come to its end; empty if it did")
    String checkProblem() {
        return status().failure().map(Checks.Failure::why).orElse("");
    }

    @Shown("When the last check that was finished ended, ISO-8601 in UTC; empty if none did")
    String checkedAt() {
        return last().map(report -> report.endedAt().toString()).orElse("");
    }

    @Shown(
            value = "How long ago that was, in milliseconds; -1 if none was finished",
            unit = Unit.MILLISECONDS)
    long checkAgeMs() {
        return last().map(report -> Texts.age(report.endedAt()).toMillis()).orElse(-1L);
    }

    @Shown("How many differences between the state and the backend were found" + FROM_LAST)
    long driftCount() {
        return last().map(Report::count).orElse(0L);
    }

    @Shown("How many of them are volumes and snapshots that the backend has no more")
    long missingCount() {
        return count(Kind.MISSING);
    }

    @Shown("How many of them the backend has with Cairn's mark, and the state does not know")
    long orphanedCount() {
        return count(Kind.ORPHANED);
    }

    @Shown("How many of them have another size or name there, or lack a connection")
    long differingCount() {
        return count(Kind.SIZE) + count(Kind.MARK) + count(Kind.CONNECTION);
    }

    @Shown("How many of them lie where Cairn's objects do, and bear no mark of Cairn's")
    long foreignCount() {
        return count(Kind.FOREIGN);
    }

    @Shown("How many of them are damaged, so that nothing more can be said")
    long unreadableCount() {
        return count(Kind.UNREADABLE);
    }

    @Shown(
            "How many objects seemed to differ and could not be looked at, as they were being changed, waited for an operator, or were too many"
                    + FROM_LAST)
    long skippedCount() {
        return last().map(Report::skipped).orElse(0L);
    }

    @Shown("The differences as a table in plain text, 100 at most; listDrift gives more")
    String driftText() {
        return last().map(report -> table(report, first(report, MAX_SHOWN))).orElse("");
    }

    @ReadOperation(
            value =
                    "Compares all that is recorded of the backend with all that is there, while work goes on, and changes nothing; returns what differs as a table in plain text, or says that it goes on where it takes longer than 2.5 s",
            role = Role.OPERATOR)
    String checkBackend() throws OperationException, InterruptedException {
        Optional<Report> report = checks.check(backend, PATIENCE);
        return report.isPresent()
                ? table(report.get(), first(report.get(), Requests.MAX_LIMIT))
                : "the check of backend %s goes on: CheckState says when it is done, and DriftText what it found"
                        .formatted(backend);
    }

    @ReadOperation("The differences that were found" + FROM_LAST + ", a page at a time")
    DriftPage listDrift(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        Page<Drift> page = page(limit, continuation);
        return new DriftPage(
                page.items().stream()
                        .map(
                                each ->
                                        new DriftRow(
                                                each.kind().toString(),
                                                each.id(),
                                                each.what(),
                                                each.detail(),
                                                each.remedy()))
                        .toList(),
                page.continuation());
    }

    @ReadOperation("The same differences as a table in plain text")
    String listDriftText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        Page<Drift> page = page(limit, continuation);
        return table(page.items()).with(Texts.ending(page, "difference"));
    }

    @WriteOperation(
            value =
                    "Ends what the last check found of one object: what is missing leaves the state, what is orphaned goes to the trash, a size that grew is recorded, a mark is written anew; returns what was done, or says what else can be",
            role = Role.ADMIN)
    String repair(
            @Description("The object's UUID, as listDrift has it") String id,
            @Description("The same once more, so that nothing is changed by a slip") String confirm)
            throws OperationException, InterruptedException {
        requireSame(id, confirm);
        return checks.repairs().repair(backend, id.strip());
    }

    private Checks.Status status() {
        return checks.status(backend);
    }

    private Optional<Report> last() {
        return status().last();
    }

    private long count(Kind kind) {
        return last().map(report -> report.count(kind)).orElse(0L);
    }

    /** The continuation names its report, since another has other differences at its places. */
    private Page<Drift> page(int limit, String continuation) throws OperationException {
        int most = Requests.limit(limit);
        Optional<Report> report = last();
        String name = report.map(found -> found.endedAt().toString()).orElse("");
        List<Drift> all = report.map(Report::drifts).orElse(List.of());
        int from = continuation.isBlank() ? 0 : place(continuation.strip(), name);
        if (from < 0 || from > all.size()) {
            throw wrong(continuation);
        }
        List<Drift> items =
                Pages.first(all.subList(from, all.size()), most, BackendDrift::characters);
        int next = from + items.size();
        return new Page<>(items, next < all.size() ? next + "@" + name : "");
    }

    private static int place(String continuation, String report) throws OperationException {
        int at = continuation.indexOf('@');
        if (at < 0 || !continuation.substring(at + 1).equals(report)) {
            throw wrong(continuation);
        }
        try {
            return Integer.parseInt(continuation.substring(0, at));
        } catch (NumberFormatException e) {
            OperationException wrong = wrong(continuation);
            wrong.initCause(e);
            throw wrong;
        }
    }

    private static OperationException wrong(String continuation) {
        return new OperationException(
                Code.INVALID,
                "'%s' is no continuation of what the last check found: pass the one that the page before it came with, or nothing to begin anew"
                        .formatted(Names.shortened(continuation)));
    }

    private static List<Drift> first(Report report, int limit) {
        return Pages.first(report.drifts(), limit, BackendDrift::characters);
    }

    private static long characters(Drift drift) {
        return (long) drift.what().length() + drift.detail().length() + drift.remedy().length();
    }

    private static TextTable table(List<Drift> drifts) {
        TextTable table = new TextTable("KIND", "OBJECT", "DIFFERENCE", "WHAT CAN BE DONE");
        for (Drift drift : drifts) {
            table.add(drift.kind(), drift.what(), drift.detail(), drift.remedy());
        }
        return table;
    }

    private static String table(Report report, List<Drift> shown) {
        String all =
                "%s among %s and %s, checked at %s"
                        .formatted(
                                Texts.number(report.count(), "difference"),
                                Texts.number(report.volumes(), "volume"),
                                Texts.number(report.snapshots(), "snapshot"),
                                report.endedAt());
        String skipped =
                report.skipped() == 0
                        ? ""
                        : "; %d more may differ and could not be looked at"
                                .formatted(report.skipped());
        String part =
                shown.size() == report.count()
                        ? ""
                        : ", of which these are the first " + shown.size();
        return table(shown).with(all + part + skipped);
    }
}
