package io.cairn.daemon.crash;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.SortedMap;
import java.util.regex.Pattern;

/** What a campaign did, and what came of it. */
final class Tally {
    /** What problems of each sort say, as an inspection words them. */
    private enum Sort {
        LOST("lost", " is lost, "),
        LEAKED("leaked", " is there, though |orphaned | folder|devices: |processes: "),
        DOUBLED("doubled", " twice| too"),
        WRONG("wrong bytes", ": byte | bytes instead of ");

        private final String word;

        /** Alternatives of a regular expression. */
        private final String said;

        Sort(String word, String said) {
            this.word = word;
            this.said = said;
        }

        long in(String problems) {
            Pattern words = Pattern.compile(said);
            return problems.lines().filter(line -> words.matcher(line).find()).count();
        }
    }

    int cycles;
    int starts;
    int kills;
    int halts;
    long hung;

    private @Nullable Footprint first;
    private Footprint grown = new Footprint(0, 0, 0);
    private Footprint most = new Footprint(0, 0, 0);
    private int rests;
    private int longestLife;

    /**
     * Notes what a daemon takes at rest.
     *
     * @param anew whether it is another one than the last
     */
    void rest(Footprint now, boolean anew) {
        if (first == null || anew) {
            first = now;
            rests = 0;
        }
        rests++;
        longestLife = Math.max(longestLife, rests);
        grown = grown.max(now.minus(first));
        most = most.max(now);
    }

    /**
     * By how much one daemon's share of the host grew at most, from its first rest to any other.
     */
    Footprint grown() {
        return grown;
    }

    /**
     * @param begunAt by {@link System#nanoTime}
     * @param problems what was found to be wrong, a line each
     */
    String table(
            Records records,
            SortedMap<String, Long> faults,
            long begunAt,
            @Nullable String problems) {
        long seconds = Duration.ofNanos(System.nanoTime() - begunAt).toSeconds();
        long sum = faults.values().stream().mapToLong(Long::longValue).sum();
        StringBuilder table = new StringBuilder();
        row(table, "seconds", seconds);
        row(table, "cycles", cycles);
        row(table, "starts of the daemon", starts);
        row(table, "kills", kills);
        row(table, "halts by a fault", halts);
        row(table, "operations asked for", records.asked.get());
        row(table, "operations acknowledged", records.acknowledged.get());
        row(table, "faults", sum);
        row(table, "faults a minute", sum * 60 / Math.max(1, seconds));
        faults.forEach((kind, count) -> row(table, "  " + kind, count));
        for (Sort sort : Sort.values()) {
            row(table, sort.word, problems == null ? 0 : sort.in(problems));
        }
        row(table, "hung clients", hung);
        row(table, "longest call of a client, ms", records.calls.longest().toMillis());
        row(table, "most rests of one daemon", longestLife);
        row(table, "threads, at most", most.threads());
        row(table, "  more than at its first rest", grown.threads());
        row(table, "descriptors, at most", most.descriptors());
        row(table, "  more than at its first rest", grown.descriptors());
        row(table, "memory, at most, MiB", most.residentKib() >> 10);
        row(table, "  more than at its first rest", grown.residentKib() >> 10);
        return table.append("done: ").append(records.counts()).append('\n').toString();
    }

    private static void row(StringBuilder table, String what, long count) {
        table.append("%-32s %12d%n".formatted(what, count));
    }
}
