package io.cairn.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Runs the benchmarks and prints one table; what {@code etc/bench} starts. */
public final class Benchmarks {
    private static final Path WORK = Path.of("benchmarks/target/bench");

    private final boolean quick;
    private final List<String> names;

    private Benchmarks(boolean quick, List<String> names) {
        this.quick = quick;
        this.names = names;
    }

    public static void main(String[] words) throws Exception {
        List<String> names = new ArrayList<>(List.of(words));
        boolean quick = names.remove("--quick");
        for (String name : names) {
            if (!name.matches("(snapshot|journal|start|list)(/.*)?")) {
                System.err.printf("bench: there is no benchmark %s%n", name);
                System.exit(2);
            }
        }
        new Benchmarks(quick, names).run();
    }

    private void run() throws Exception {
        Path work = Files.createDirectories(WORK).toRealPath();
        List<Storage> mounted = new ArrayList<>();
        for (Storage storage : List.of(Storage.XFS, Storage.BTRFS)) {
            if (Ground.possible(storage)) {
                mounted.add(storage);
            } else {
                progress(
                        "no root or no mkfs.%s: not measuring there"
                                .formatted(storage.fileSystem()));
            }
        }
        Storage first = mounted.isEmpty() ? Storage.FOLDER : mounted.getFirst();
        Storage second = mounted.size() == 2 ? Storage.BTRFS : Storage.MEMORY;
        String before = load();
        Instant begin = Instant.now();
        JmhRuns jmh = new JmhRuns(work, quick);
        SnapshotRuns snapshots = new SnapshotRuns(jmh);
        List<SnapshotRuns.Case> cases = SnapshotRuns.cases(first, second, quick);
        for (Storage storage : List.of(first, second)) {
            snapshots.run(storage, cases, work, this::wanted, Benchmarks::progress);
        }
        if (Ground.possible(Storage.SUBVOLUMES) && Tool.installed()) {
            snapshots.run(
                    Storage.SUBVOLUMES,
                    SnapshotRuns.ofDriver(Storage.SUBVOLUMES, quick),
                    work,
                    this::wanted,
                    Benchmarks::progress);
        } else {
            progress("no root, mkfs.btrfs or btrfs: not measuring the btrfs driver");
        }
        if (Ground.possible(Storage.CHAINS) && ChainTool.installed()) {
            snapshots.run(
                    Storage.CHAINS,
                    SnapshotRuns.ofDriver(Storage.CHAINS, quick),
                    work,
                    this::wanted,
                    Benchmarks::progress);
        } else {
            progress("no root, mkfs.ext4 or qemu-img: not measuring the qcow2 driver");
        }
        if (Ground.possible(Storage.THIN)) {
            snapshots.run(
                    Storage.THIN,
                    SnapshotRuns.ofDriver(Storage.THIN, quick),
                    work,
                    this::wanted,
                    Benchmarks::progress);
        } else {
            progress(
                    "no root, device-mapper, LVM, mkfs.ext4 or VM_DISK_0, so not in a virtual machine: not measuring the LVM driver");
        }
        if (Ground.possible(Storage.IMAGES)) {
            snapshots.run(
                    Storage.IMAGES,
                    SnapshotRuns.ofDriver(Storage.IMAGES, quick),
                    work,
                    this::wanted,
                    Benchmarks::progress);
        } else {
            progress("no root, mkfs.ext4, rbd or Ceph cluster: not measuring the RBD driver");
        }
        JournalRuns journal = new JournalRuns(jmh);
        journal.run(first, quick, work, this::wanted, Benchmarks::progress);
        StartRuns start = new StartRuns(work);
        if (wanted(StartRuns.NAME)) {
            progress(StartRuns.NAME);
            start.run(Path.of(System.getProperty("cairn.home")).toRealPath(), quick ? 3 : 7);
        }

        ListRuns lists = new ListRuns();
        if (wanted(ListRuns.NAME)) {
            progress(ListRuns.NAME);
            lists.run(work, quick ? 10 : 40);
        }

        Table table = Figure.table();
        snapshots.figures().forEach(figure -> figure.addTo(table));
        journal.figures().forEach(figure -> figure.addTo(table));
        start.figures().forEach(figure -> figure.addTo(table));
        lists.figures().forEach(figure -> figure.addTo(table));
        List<String> bars = new ArrayList<>(snapshots.bars(first));
        bars.addAll(start.bars());
        bars.addAll(lists.bars());
        String report =
                "%s, %d processors, Linux %s, Java %s; load %s before and %s after; %d s%s%n%n%s%n%s%n"
                        .formatted(
                                begin.truncatedTo(ChronoUnit.SECONDS),
                                Runtime.getRuntime().availableProcessors(),
                                System.getProperty("os.version"),
                                Runtime.version(),
                                before,
                                load(),
                                begin.until(Instant.now(), ChronoUnit.SECONDS),
                                quick ? "; quick" : "",
                                table,
                                String.join("\n", bars));
        System.out.println(report);
        Files.writeString(work.resolve("report.txt"), report);
    }

    private boolean wanted(String name) {
        return names.isEmpty()
                || names.stream().anyMatch(each -> (name + "/").startsWith(each + "/"));
    }

    private static String load() throws IOException {
        String averages = Files.readString(Path.of("/proc/loadavg"));
        return averages.substring(0, averages.indexOf(' '));
    }

    private static void progress(String what) {
        System.err.printf("bench: %s%n", what);
    }
}
