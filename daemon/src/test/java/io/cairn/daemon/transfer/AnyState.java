package io.cairn.daemon.transfer;

import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Dossier;
import io.cairn.daemon.volume.Hold;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.Origin;
import io.cairn.daemon.volume.Particulars;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** Makes any state there could be, the extremes of everything among it, from a seed. */
final class AnyState {
    private static final List<String> TEXTS =
            List.of(
                    "",
                    " ",
                    "a",
                    "Bücher",
                    "図書館",
                    "\uD83D\uDE00",
                    "\"\\/{}[]",
                    "\u0301abc",
                    "=",
                    "\uFFFF");
    private static final List<Long> SIZES = List.of(1L, 511L, 4096L, 1L << 40, Long.MAX_VALUE / 64);
    private static final List<Instant> TIMES =
            List.of(
                    Instant.EPOCH,
                    Instant.EPOCH.minusNanos(1),
                    Instant.ofEpochSecond(0, Long.MIN_VALUE),
                    Instant.ofEpochSecond(0, Long.MAX_VALUE),
                    Instant.parse("2026-02-28T23:59:59.999999999Z"),
                    Instant.parse("2026-01-01T00:00:00Z"));

    private final Random random;
    private int names;

    AnyState(long seed) {
        random = new Random(seed);
    }

    /** Of one backend, the oldest first, as an export has them. */
    List<Dossier> dossiers(String backend) {
        return several(8, () -> dossier(backend)).stream()
                .sorted(Comparator.comparing(dossier -> dossier.volume().createdAt()))
                .toList();
    }

    Map<String, String> keyValues() {
        Map<String, String> values = new TreeMap<>();
        several(5, () -> values.put("k/" + names++, "x".repeat(random.nextInt(3)) + text()));
        return values;
    }

    private Dossier dossier(String backend) {
        VolumeId id = new VolumeId(uuid());
        String name = name();
        List<Dossier.Cut> cuts =
                several(5, () -> cut(id, backend, name)).stream()
                        .sorted(Comparator.comparing(cut -> cut.snapshot().createdAt()))
                        .toList();
        List<Hold> holds = holds();
        List<Connection> connections = several(2, () -> connection(id, backend, name, cuts));
        Volume volume =
                new Volume(
                        id,
                        backend,
                        "p",
                        name,
                        text(),
                        texts("label"),
                        new Particulars(text(), text(), text(), texts("Spec:"), texts("q")),
                        any(SIZES),
                        ObjectState.AVAILABLE,
                        any(TIMES),
                        random.nextBoolean()
                                ? Optional.empty()
                                : Optional.of(
                                        new Origin(
                                                new VolumeId(uuid()),
                                                random.nextBoolean()
                                                        ? Optional.empty()
                                                        : Optional.of(new SnapshotId(uuid())))),
                        "/somewhere/" + text(),
                        0,
                        0,
                        0);
        String adoptedFrom = random.nextBoolean() ? "" : "images/" + name() + ".img";
        return new Dossier(volume, adoptedFrom, holds, cuts, connections);
    }

    private Dossier.Cut cut(VolumeId volume, String backend, String volumeName) {
        return new Dossier.Cut(
                new Snapshot(
                        new SnapshotId(uuid()),
                        volume,
                        backend,
                        volumeName,
                        name(),
                        text(),
                        texts("label"),
                        any(SIZES),
                        ObjectState.AVAILABLE,
                        any(TIMES),
                        "/cut/" + text(),
                        0,
                        0),
                holds());
    }

    private Connection connection(
            VolumeId volume, String backend, String volumeName, List<Dossier.Cut> cuts) {
        Optional<Snapshot> cut =
                cuts.isEmpty() || random.nextBoolean()
                        ? Optional.empty()
                        : Optional.of(any(cuts).snapshot());
        Map<String, String> info = new TreeMap<>(Map.of("uri", "nbd://" + text(), "key", text()));
        return new Connection(
                new ConnectionId(uuid()),
                new Target(volume, cut.map(Snapshot::id)),
                backend,
                volumeName,
                cut.map(Snapshot::name).orElse(""),
                "host" + names++,
                false,
                cut.isPresent() || random.nextBoolean(),
                "nbd",
                Map.of("host", "web", "ip", "192.0.2.7"),
                info,
                random.nextBoolean() ? Set.of() : Set.of("key"),
                "",
                Connection.State.CONNECTED,
                any(TIMES));
    }

    private List<Hold> holds() {
        return several(3, () -> new Hold(name(), text(), any(TIMES))).stream()
                .sorted(Comparator.comparing(Hold::tag))
                .toList();
    }

    private Map<String, String> texts(String key) {
        Map<String, String> texts = new TreeMap<>();
        several(
                3,
                () ->
                        texts.put(
                                key.toLowerCase(java.util.Locale.ROOT).replace(":", "")
                                        + texts.size(),
                                text()));
        return texts;
    }

    private String text() {
        return any(TEXTS) + any(TEXTS);
    }

    private String name() {
        return "n%d%s".formatted(names++, random.nextBoolean() ? "" : "x".repeat(50));
    }

    private UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    private <T> T any(List<T> among) {
        return among.get(random.nextInt(among.size()));
    }

    private interface Making<T> {
        T make();
    }

    private <T> List<T> several(int most, Making<T> making) {
        List<T> made = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            made.add(making.make());
        }
        return made;
    }
}
