package io.cairn.daemon.transfer;

import io.cairn.daemon.volume.Dossiers;
import io.cairn.daemon.volume.Finding;
import io.cairn.daemon.volume.Finding.Outcome;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import java.util.List;
import java.util.stream.Collectors;

/** What an import made, or would make, of each object, in an operator's words. */
final class Report {
    private static final int MOST_LINES = 500;

    private Report() {}

    /**
     * @throws OperationException CONFLICT with every conflict, if what was to be imported was not
     */
    static String of(List<Finding> findings, Mode mode) throws OperationException {
        if (mode == Mode.IMPORT && !Dossiers.clean(findings)) {
            List<Finding> conflicts =
                    findings.stream()
                            .filter(finding -> finding.outcome() == Outcome.CONFLICT)
                            .toList();
            int more = conflicts.size() - StateReader.MOST_PROBLEMS;
            throw new OperationException(
                    Code.CONFLICT,
                    "nothing was imported, since not all can be: %s%s"
                            .formatted(
                                    conflicts.stream()
                                            .limit(StateReader.MOST_PROBLEMS)
                                            .map(one -> one.what() + ": " + one.why())
                                            .collect(Collectors.joining("; ")),
                                    more > 0
                                            ? "; and %d more, which a dry-run shows".formatted(more)
                                            : ""));
        }
        return text(findings, 0, mode);
    }

    /**
     * As {@link #of}, whatever conflicts.
     *
     * @param moreCreated how many more were created than are told of
     */
    static String text(List<Finding> findings, long moreCreated, Mode mode) {
        // Conflicts first, so that none is among the lines that are left out.
        StringBuilder text = new StringBuilder();
        findings.stream()
                .sorted((a, b) -> b.outcome().compareTo(a.outcome()))
                .limit(MOST_LINES)
                .map(Report::line)
                .forEach(line -> text.append(line).append('\n'));
        long more = Math.max(0, findings.size() - MOST_LINES) + moreCreated;
        if (more > 0) {
            text.append("and %d more\n".formatted(more));
        }
        return text.append(
                        "%d created, %d the same already, %d in conflict%s\n"
                                .formatted(
                                        count(findings, Outcome.CREATED) + moreCreated,
                                        count(findings, Outcome.SAME),
                                        count(findings, Outcome.CONFLICT),
                                        mode == Mode.DRY_RUN
                                                ? "; this was a dry run, and nothing was changed"
                                                : ""))
                .toString();
    }

    private static String line(Finding finding) {
        return switch (finding.outcome()) {
            case CREATED -> "created   " + finding.what();
            case SAME -> "same      " + finding.what();
            case CONFLICT -> "conflict  %s: %s".formatted(finding.what(), finding.why());
        };
    }

    private static long count(List<Finding> findings, Outcome outcome) {
        return findings.stream().filter(finding -> finding.outcome() == outcome).count();
    }
}
