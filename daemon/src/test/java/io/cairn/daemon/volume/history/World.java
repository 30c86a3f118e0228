package io.cairn.daemon.volume.history;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * All volumes of a backend at an instant, one call after another. Never changed.
 *
 * @param live what is listed
 * @param trash the volumes that were deleted and can be brought back; their snapshots are none
 * @param thrown the snapshots that were deleted and can be brought back
 * @param gone what was there and is not any more
 */
public record World(
        boolean keeping,
        Map<UUID, Volume> live,
        Map<UUID, Volume> trash,
        Map<UUID, Thrown> thrown,
        Set<UUID> gone) {
    /** This host, as a connection. */
    static final String HERE = "here";

    /**
     * @param word what it holds
     * @param cuts by their names
     * @param links by their hosts
     */
    record Volume(
            UUID id,
            String name,
            long size,
            String word,
            Optional<Origin> origin,
            Map<String, Cut> cuts,
            Map<String, UUID> links) {
        Volume named(String other) {
            return new Volume(id, other, size, word, origin, cuts, links);
        }

        Volume holding(String other) {
            return new Volume(id, name, size, other, origin, cuts, links);
        }

        Volume ofSize(long other) {
            return new Volume(id, name, other, word, origin, cuts, links);
        }

        Volume cut(Map<String, Cut> others) {
            return new Volume(id, name, size, word, origin, Map.copyOf(others), links);
        }

        Volume linked(Map<String, UUID> others) {
            return new Volume(id, name, size, word, origin, cuts, Map.copyOf(others));
        }

        Optional<Map.Entry<String, Cut>> cut(UUID snapshot) {
            return cuts.entrySet().stream()
                    .filter(entry -> entry.getValue().id().equals(snapshot))
                    .findFirst();
        }
    }

    record Cut(UUID id, long size, String word) {}

    record Origin(UUID volume, Optional<UUID> snapshot) {}

    record Thrown(UUID volume, Cut cut) {}

    /** The one that has a name. */
    Optional<Volume> named(String name) {
        return live.values().stream().filter(volume -> volume.name().equals(name)).findFirst();
    }

    Optional<Volume> volume(UUID id) {
        return Optional.ofNullable(live.get(id));
    }

    /** Whether something of that id ever came to be. */
    boolean knows(UUID id) {
        return live.containsKey(id)
                || trash.containsKey(id)
                || thrown.containsKey(id)
                || gone.contains(id)
                || live.values().stream().anyMatch(volume -> volume.cut(id).isPresent());
    }

    World with(Volume volume) {
        return withLive(volumes -> volumes.put(volume.id(), volume));
    }

    World without(Volume volume) {
        World left = withLive(volumes -> volumes.remove(volume.id()));
        return keeping ? left.trashed(volume) : left.gone(volume.id());
    }

    World withoutCut(Volume volume, String name) {
        Map<String, Cut> cuts = new HashMap<>(volume.cuts());
        Cut cut = cuts.remove(name);
        World left = with(volume.cut(cuts));
        if (cut == null) {
            return this;
        }
        return keeping
                ? left.withThrown(all -> all.put(cut.id(), new Thrown(volume.id(), cut)))
                : left.gone(cut.id());
    }

    World restored(Volume volume) {
        Map<UUID, Volume> left = new HashMap<>(trash);
        left.remove(volume.id());
        return new World(keeping, live, Map.copyOf(left), thrown, gone).with(volume);
    }

    World restored(Volume of, String name, Cut cut) {
        Map<String, Cut> cuts = new HashMap<>(of.cuts());
        cuts.put(name, cut);
        return with(of.cut(cuts)).withThrown(all -> all.remove(cut.id()));
    }

    /** A volume with its snapshots. */
    World purged(UUID volume) {
        Map<UUID, Volume> left = new HashMap<>(trash);
        left.remove(volume);
        return new World(keeping, live, Map.copyOf(left), thrown, gone)
                .withThrown(all -> all.values().removeIf(each -> each.volume().equals(volume)))
                .gone(volume);
    }

    World purgedSnapshot(UUID snapshot) {
        return withThrown(all -> all.remove(snapshot)).gone(snapshot);
    }

    /** Writes to what is listed or in the trash; to what is gone nobody can see it. */
    World written(UUID id, String word) {
        Volume here = live.get(id);
        Volume there = trash.get(id);
        if (here != null) {
            return with(here.holding(word));
        }
        return there == null ? this : trashed(there.holding(word));
    }

    private World trashed(Volume volume) {
        Map<UUID, Volume> all = new HashMap<>(trash);
        all.put(volume.id(), volume);
        return new World(keeping, live, Map.copyOf(all), thrown, gone);
    }

    private World gone(UUID id) {
        Set<UUID> all = new HashSet<>(gone);
        all.add(id);
        return new World(keeping, live, trash, thrown, Set.copyOf(all));
    }

    private World withLive(Consumption<UUID, Volume> change) {
        Map<UUID, Volume> all = new HashMap<>(live);
        change.to(all);
        return new World(keeping, Map.copyOf(all), trash, thrown, gone);
    }

    private World withThrown(Consumption<UUID, Thrown> change) {
        Map<UUID, Thrown> all = new HashMap<>(thrown);
        change.to(all);
        return new World(keeping, live, trash, Map.copyOf(all), gone);
    }

    private interface Consumption<K, V> {
        void to(Map<K, V> all);
    }

    /**
     * What can be compared with what is there once nobody calls: what is gone is not there, and of
     * the trash only what the calls were about is known.
     */
    World seen() {
        return new World(keeping, live, trash, thrown, Set.of());
    }
}
