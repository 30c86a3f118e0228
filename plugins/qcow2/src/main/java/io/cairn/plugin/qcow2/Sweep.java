package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Target;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One look at all layers, and the work that it finds. Calls go on meanwhile; the order in which
 * {@link Lookup#named} reads, and in which it is read here between two looks at the folder, sees to
 * it that what they are about to need is not taken for unneeded:
 *
 * <ul>
 *   <li>A layer that was there before the names were read, and that neither they nor a layer that
 *       was made since lead to, is not needed: names are given before layers are made, and only
 *       those get a name that nobody else knows, or that have one.
 *   <li>Nobody lays another layer over one without a name, so those that are seen over it after the
 *       names were read are all.
 * </ul>
 */
final class Sweep {
    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    private final Lookup lookup;
    private final Layers layers;
    private final QemuImg tool;
    private final LayeredDaemons daemons;

    Sweep(Lookup lookup, QemuImg tool, LayeredDaemons daemons) {
        this.lookup = lookup;
        this.layers = lookup.layers();
        this.tool = tool;
        this.daemons = daemons;
    }

    /**
     * A layer without a name, and the only one that lies over it. What the upper one holds is
     * written into the lower one, which then takes its place under its name: at once, and with
     * nothing else to be changed, whoever names the upper one or lies over it. So it costs what the
     * upper one holds, which of a volume that keeps its last snapshots is what changed between two
     * of them, while the lower one, in the end, holds nearly all.
     */
    private record Pair(LayerId lower, LayerId upper) {}

    /**
     * Removes and merges.
     *
     * @return false if something must be tried again
     */
    boolean run(Native os, Chores chores) throws OsException, IOException, InterruptedException {
        boolean all = true;
        Set<Pair> tried = new HashSet<>();
        Optional<Exception> failure = Optional.empty();
        while (true) {
            Optional<Pair> next =
                    look(os).stream().filter(pair -> !tried.contains(pair)).findFirst();
            if (next.isEmpty()) {
                break;
            }
            tried.add(next.get());
            try {
                all &= merge(os, next.get(), chores);
            } catch (OsException | IOException e) {
                // One that cannot be merged does not keep the others from it.
                failure = failure.or(() -> Optional.of(e));
            }
        }
        if (failure.isPresent()) {
            throw new IOException(String.valueOf(failure.get().getMessage()), failure.get());
        }
        return all;
    }

    /** Removes what is not needed; what remains to be merged. */
    private List<Pair> look(Native os) throws OsException, IOException, InterruptedException {
        for (int left = TRIES; ; left--) {
            try {
                return lookOnce(os);
            } catch (OsException e) {
                // Calls go on meanwhile: it may have been removed, or not yet been written whole.
                if (left == 1 || e.told().kind() != NOT_FOUND) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private List<Pair> lookOnce(Native os) throws OsException, IOException, InterruptedException {
        List<LayerId> before = layers.all();
        Lookup.Named cards = lookup.named();
        Map<LayerId, Layers.Head> heads = heads();
        Set<LayerId> needed = new HashSet<>();
        for (LayerId name : cards.whole()) {
            need(name, heads, needed);
        }
        // What was made meanwhile may be over what lost its name after that was read.
        Set<LayerId> begun = new HashSet<>(heads.keySet());
        begun.removeAll(before);
        begun.addAll(cards.half());
        for (LayerId name : begun) {
            needByHalf(name, heads, needed);
        }
        Set<LayerId> named = new HashSet<>(cards.whole());
        named.addAll(cards.half());
        List<LayerId> unneeded = before.stream().filter(layer -> !needed.contains(layer)).toList();
        Set<LayerId> open = unneeded.isEmpty() ? Set.of() : open();
        boolean removed = false;
        for (LayerId layer : unneeded) {
            // A former name by which a storage daemon knows one that is needed.
            if (!open.contains(layer)) {
                removed |= layers.remove(os, layer);
            }
            heads.remove(layer);
        }
        if (removed) {
            layers.sync(os);
        }
        Map<LayerId, List<LayerId>> over = new HashMap<>();
        heads.forEach(
                (layer, head) ->
                        head.below()
                                .ifPresent(
                                        below ->
                                                over.computeIfAbsent(below, _ -> new ArrayList<>())
                                                        .add(layer)));
        List<Pair> pairs = new ArrayList<>();
        over.forEach(
                (lower, uppers) -> {
                    Layers.Head head = heads.get(lower);
                    if (head != null && !named.contains(lower) && uppers.size() == 1) {
                        pairs.add(new Pair(lower, uppers.getFirst()));
                    }
                });
        return pairs;
    }

    /** Of all that are whole. That one cannot be read does not mean that it is not. */
    private Map<LayerId, Layers.Head> heads() throws OsException, IOException {
        Map<LayerId, Layers.Head> heads = new HashMap<>();
        for (LayerId layer : layers.all()) {
            try (Native each = new Native()) {
                layers.headIfWhole(each, layer).ifPresent(head -> heads.put(layer, head));
            }
        }
        return heads;
    }

    /**
     * The same for a layer that is just being made, or never was made whole: then what it lay over
     * may be gone, and nothing needs it.
     */
    private static void needByHalf(
            LayerId top, Map<LayerId, Layers.Head> heads, Set<LayerId> needed) {
        Optional<LayerId> at = Optional.of(top);
        while (at.isPresent() && needed.add(at.get())) {
            at = Optional.ofNullable(heads.get(at.get())).flatMap(Layers.Head::below);
        }
    }

    /**
     * Adds a layer, and all that it lies over.
     *
     * @throws OsException NOT_FOUND if one of them cannot be read, so that it is not known what is
     *     needed
     */
    private void need(LayerId top, Map<LayerId, Layers.Head> heads, Set<LayerId> needed)
            throws OsException {
        Optional<LayerId> at = Optional.of(top);
        while (at.isPresent() && needed.add(at.get())) {
            Layers.Head head = heads.get(at.get());
            if (head == null) {
                throw new OsException(
                        NOT_FOUND,
                        "%s is needed and cannot be read; until it is brought back from a backup, or what needs it is deleted, nothing is merged"
                                .formatted(layers.path(at.get())));
            }
            at = head.below();
        }
    }

    /** What storage daemons have open, by the names by which they know it. */
    private Set<LayerId> open() throws OsException, IOException, InterruptedException {
        Set<LayerId> open = new HashSet<>();
        for (Target target : daemons.running()) {
            Optional<LayeredDaemon> daemon = daemons.look(target);
            if (daemon.isPresent()) {
                for (Path layer : daemon.get().chain()) {
                    LayerId.ofFile(layer.toFile().getName()).ifPresent(open::add);
                }
            }
        }
        return open;
    }

    private boolean merge(Native os, Pair pair, Chores chores)
            throws OsException, IOException, InterruptedException {
        List<Target> users = new ArrayList<>();
        for (Target target : daemons.running()) {
            if (chain(os, target).contains(pair.upper())) {
                users.add(target);
            }
        }
        if (users.size() > 1) {
            // Both have it open, and it would change under one of them.
            return false;
        }
        Optional<LayeredDaemon> daemon =
                users.isEmpty() ? Optional.empty() : daemons.look(users.getFirst());
        if (daemon.isPresent() && isTop(os, users.getFirst(), pair.upper())) {
            // It is written to, or shown. It merges once another lies over it, or nobody uses it.
            return true;
        }
        if (daemon.isPresent() && users.getFirst().fixed()) {
            return false;
        }
        Moving moving;
        if (daemon.isPresent()) {
            // What it has open, for it may not have been told yet where to go on.
            List<LayerId> open = chain(os, daemon.get());
            if (open.indexOf(pair.upper()) < 1) {
                return false;
            }
            moving = new LiveCommitting(layers, daemon.get(), open, pair.upper(), pair.lower());
        } else {
            moving = new Committing(tool, layers, pair.upper(), pair.lower());
        }
        if (!chores.begin(moving)) {
            return false;
        }
        try {
            return moving.run();
        } catch (OsException e) {
            if (e.told().kind() == IN_USE) {
                return false;
            }
            throw e;
        } finally {
            chores.end();
        }
    }

    /** Empty if the target is gone. */
    private List<LayerId> chain(Native os, Target target) throws OsException {
        Optional<Card> card = lookup.card(os, target);
        return card.isEmpty() ? List.of() : layers.chain(os, card.get().layer());
    }

    /** What a storage daemon has open, by the names that the heads have. */
    private List<LayerId> chain(Native os, LayeredDaemon daemon)
            throws OsException, IOException, InterruptedException {
        // The top one has no other name.
        Optional<LayerId> top = LayerId.ofFile(daemon.chain().getFirst().toFile().getName());
        return top.isEmpty() ? List.of() : layers.chain(os, top.get());
    }

    private boolean isTop(Native os, Target target, LayerId layer) throws OsException {
        return lookup.card(os, target).map(Card::layer).equals(Optional.of(layer));
    }
}
