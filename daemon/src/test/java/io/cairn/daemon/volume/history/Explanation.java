package io.cairn.daemon.volume.history;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The search for an order of calls that explains all answers: each call takes effect at one instant
 * between its being sent and its answer, and a world in which that is so answers what was answered.
 *
 * <p>It goes along the events as Lowe's just-in-time linearization does ("Testing for
 * linearizability", 2017): a call that changes something gets its place no earlier than another
 * one's answer needs it, and what was tried in vain is not tried again. What can change no later
 * answer is taken as soon as it fits. Only calls that have to do with each other, directly or by
 * others that wait, are put before one another.
 *
 * <p>A call that asks for the same as another one that is on its way may have joined that, and has
 * no effect of its own then: it waited when the other one took effect, or came later and found the
 * volume as that had left it.
 */
public final class Explanation {
    /** So many choices are tried, each of which takes memory. */
    private static final int MOST = 50_000;

    /** Begins what is said where neither an order was found, nor that there is none. */
    static final String UNDECIDED = "the search was given up; furthest it came to this: ";

    private final List<Call> calls;
    private final List<Set<Object>> matters = new ArrayList<>();
    private final int[] events;
    private final World end;
    private final Set<Tried> tried = new HashSet<>();
    private int furthest = -1;
    private String problem = "";

    /**
     * How far an order goes.
     *
     * @param waiting the calls that were sent and have no place yet
     * @param held those of them that made what holds what its source held meanwhile
     * @param joined those of them that may have joined their like
     * @param left the calls that have a place and no answer yet, with what they left behind
     */
    private record Point(
            World world,
            BitSet waiting,
            BitSet held,
            BitSet joined,
            Map<Integer, Optional<World.Volume>> left) {
        Point copy(World next) {
            return new Point(
                    next,
                    (BitSet) waiting.clone(),
                    (BitSet) held.clone(),
                    (BitSet) joined.clone(),
                    new HashMap<>(left));
        }

        void placed(int call) {
            waiting.clear(call);
            held.clear(call);
            joined.clear(call);
        }
    }

    private record Tried(int event, Point point) {}

    private Explanation(List<Call> calls, World start, World end) {
        this.calls = calls;
        this.end = end;
        Map<UUID, Set<Object>> names = new HashMap<>();
        start.live().values().forEach(volume -> note(names, volume.id(), volume.name()));
        calls.forEach(call -> noteName(names, call));
        calls.forEach(call -> matters.add(matters(names, call)));
        events =
                IntStream.range(0, 2 * calls.size())
                        .boxed()
                        .sorted(Comparator.comparingLong(this::time))
                        .mapToInt(event -> event)
                        .toArray();
    }

    /**
     * Looks for an order.
     *
     * @param start what was there before the first call
     * @param end what was there after the last one
     * @return why there is none; empty if there is one
     */
    public static Optional<String> missing(List<Call> calls, World start, World end) {
        Explanation explanation = new Explanation(calls, start, end.seen());
        Point first = new Point(start, new BitSet(), new BitSet(), new BitSet(), new HashMap<>());
        if (explanation.explains(0, first)) {
            return Optional.empty();
        }
        return Optional.of(
                explanation.tried.size() == MOST
                        ? UNDECIDED + explanation.problem
                        : explanation.problem);
    }

    private long time(int event) {
        Call call = calls.get(event >> 1);
        return (event & 1) == 0 ? call.invoked() : call.returned();
    }

    private boolean explains(int from, Point point) {
        settle(point);
        for (int event = from; event < events.length; event++) {
            int call = events[event] >> 1;
            if ((events[event] & 1) == 0) {
                point.waiting().set(call);
                if (joins(point, call)) {
                    point.joined().set(call);
                }
                settle(point);
            } else if (point.waiting().get(call)) {
                return chosen(event, call, point);
            } else {
                var _ = point.left().remove(call);
            }
        }
        if (!point.world().seen().equals(end)) {
            failed(
                    events.length,
                    () ->
                            "after all calls there is%n  %s%nand not%n  %s"
                                    .formatted(end, point.world()));
            return false;
        }
        return true;
    }

    /** Takes what fits now and can change nothing later. */
    private void settle(Point point) {
        World world = point.world();
        BitSet waiting = point.waiting();
        for (int i = waiting.nextSetBit(0); i >= 0; i = waiting.nextSetBit(i + 1)) {
            Call call = calls.get(i);
            if (holds(world, call)) {
                point.held().set(i);
            }
            if (Rules.settled(world, call.request(), call.answer())
                    && after(point, i).filter(world::equals).isPresent()) {
                point.placed(i);
            }
        }
    }

    private boolean joins(Point point, int call) {
        return point.left().entrySet().stream()
                .filter(each -> alike(each.getKey(), call))
                .anyMatch(each -> each.getValue().equals(volume(point.world(), call)));
    }

    private boolean alike(int one, int other) {
        return calls.get(one).request().equals(calls.get(other).request())
                && calls.get(one).answer().equals(calls.get(other).answer());
    }

    /** What a call is about, whatever hosts have written to it. */
    private Optional<World.Volume> volume(World world, int call) {
        return matters.get(call).stream()
                .filter(UUID.class::isInstance)
                .map(UUID.class::cast)
                .map(world::volume)
                .flatMap(Optional::stream)
                .map(volume -> volume.holding(""))
                .findFirst();
    }

    private Optional<World> after(Point point, int call) {
        return Rules.after(
                point.world(),
                calls.get(call).request(),
                calls.get(call).answer(),
                point.held().get(call));
    }

    /** What holds a source's content holds that of one instant, which may be before it shows. */
    private static boolean holds(World world, Call call) {
        if (!(call.answer() instanceof Answer.Made made)) {
            return false;
        }
        Optional<UUID> source =
                switch (call.request()) {
                    case Request.Clone clone -> Optional.of(clone.volume());
                    case Request.Cut cut -> Optional.of(cut.volume());
                    default -> Optional.empty();
                };
        return source.flatMap(world::volume)
                .filter(volume -> made.word().map(volume.word()::equals).orElse(true))
                .isPresent();
    }

    private boolean chosen(int event, int due, Point point) {
        if (tried.size() == MOST || !tried.add(new Tried(event, point))) {
            return false;
        }
        boolean joined = point.joined().get(due);
        boolean likely = calls.get(due).effect() == 0;
        if (joined && likely && explainsWithout(event, due, point)) {
            return true;
        }
        for (int candidate : candidates(due, point.waiting())) {
            Optional<World> world = after(point, candidate);
            if (world.isPresent() && explains(event, placed(point, candidate, world.get()))) {
                return true;
            }
        }
        if (joined && !likely && explainsWithout(event, due, point)) {
            return true;
        }
        failed(event, () -> problem(event, due, point));
        return false;
    }

    private Point placed(Point point, int call, World world) {
        Point next = point.copy(world);
        next.placed(call);
        BitSet waiting = next.waiting();
        for (int i = waiting.nextSetBit(0); i >= 0; i = waiting.nextSetBit(i + 1)) {
            if (alike(i, call)) {
                next.joined().set(i);
            }
        }
        next.left().put(call, volume(world, call));
        return next;
    }

    private boolean explainsWithout(int event, int joined, Point point) {
        Point next = point.copy(point.world());
        next.placed(joined);
        return explains(event, next);
    }

    /** Those that have to do with one that is due, in the order in which they likely were. */
    private List<Integer> candidates(int due, BitSet waiting) {
        Set<Object> matter = new HashSet<>(matters.get(due));
        Set<Integer> found = new HashSet<>(Set.of(due));
        boolean more = true;
        while (more) {
            more = false;
            for (int i = waiting.nextSetBit(0); i >= 0; i = waiting.nextSetBit(i + 1)) {
                if (!found.contains(i) && matters.get(i).stream().anyMatch(matter::contains)) {
                    found.add(i);
                    matter.addAll(matters.get(i));
                    more = true;
                }
            }
        }
        return found.stream().sorted(Comparator.comparingLong(i -> calls.get(i).likely())).toList();
    }

    private void failed(int event, Supplier<String> why) {
        if (event > furthest) {
            furthest = event;
            problem = why.get();
        }
    }

    private String problem(int event, int due, Point point) {
        List<Integer> related =
                IntStream.range(0, calls.size())
                        .filter(i -> calls.get(i).invoked() < time(events[event]))
                        .filter(i -> !Collections.disjoint(matters.get(i), matters.get(due)))
                        .boxed()
                        .sorted(Comparator.comparingLong(i -> calls.get(i).likely()))
                        .toList();
        List<World.Volume> volumes =
                point.world().live().values().stream()
                        .filter(
                                volume ->
                                        matters.get(due).contains(volume.id())
                                                || matters.get(due).contains(volume.name()))
                        .toList();
        return "nothing explains%n  %s%nwith%n  %s%nafter%n%s%nwhile there wait%n%s"
                .formatted(
                        calls.get(due),
                        volumes,
                        texts(related),
                        texts(candidates(due, point.waiting())));
    }

    private String texts(List<Integer> some) {
        return some.stream().map(i -> "  " + calls.get(i)).collect(Collectors.joining("\n"));
    }

    private static void note(Map<UUID, Set<Object>> names, UUID id, String name) {
        names.computeIfAbsent(id, _ -> new HashSet<>()).add(name);
    }

    private static void noteName(Map<UUID, Set<Object>> names, Call call) {
        switch (call.request()) {
            case Request.Rename rename -> note(names, rename.volume(), rename.name());
            case Request.Restore restore -> note(names, restore.volume(), restore.name());
            case Request.Create create -> noteMade(names, call, create.name());
            case Request.CreateFrom from -> noteMade(names, call, from.name());
            case Request.Clone clone -> noteMade(names, call, clone.name());
            default -> {}
        }
    }

    private static void noteMade(Map<UUID, Set<Object>> names, Call call, String name) {
        if (call.answer() instanceof Answer.Made made) {
            note(names, made.id(), name);
        }
    }

    /** The names and volumes that a call is about. */
    private static Set<Object> matters(Map<UUID, Set<Object>> names, Call call) {
        Set<Object> matters = new HashSet<>();
        switch (call.request()) {
            case Request.Find find -> matters.add(find.name());
            case Request.Create create -> matters.add(create.name());
            case Request.CreateFrom from -> matters.addAll(Set.of(from.name(), from.volume()));
            case Request.Clone clone -> matters.addAll(Set.of(clone.name(), clone.volume()));
            case Request.Rename rename -> matters.add(rename.volume());
            case Request.Restore restore -> matters.add(restore.volume());
            case Request.Delete delete -> matters.add(delete.volume());
            case Request.FindSnapshot find -> matters.add(find.volume());
            case Request.Cut cut -> matters.add(cut.volume());
            case Request.RenameSnapshot rename -> matters.add(rename.volume());
            case Request.Extend extend -> matters.add(extend.volume());
            case Request.Revert revert -> matters.add(revert.volume());
            case Request.DeleteSnapshot delete -> matters.add(delete.volume());
            case Request.Connect connect -> matters.add(connect.volume());
            case Request.Disconnect disconnect -> matters.add(disconnect.volume());
            case Request.Attach attach -> matters.add(attach.volume());
            case Request.Detach detach -> matters.add(detach.volume());
            case Request.Cleanup cleanup -> matters.add(cleanup.volume());
            case Request.Purge purge -> matters.add(purge.volume());
            case Request.Write write -> matters.add(write.volume());
            case Request.Read read -> matters.add(read.volume());
        }
        if (call.answer() instanceof Answer.Found found) {
            found.volume().map(Answer.Sight::id).ifPresent(matters::add);
        }
        if (call.answer() instanceof Answer.Made made && !(call.request() instanceof Request.Cut)) {
            matters.add(made.id());
        }
        boolean naming =
                switch (call.request()) {
                    case Request.Rename _, Request.Restore _, Request.Delete _ -> true;
                    default -> false;
                };
        if (naming) {
            List.copyOf(matters).forEach(id -> matters.addAll(names.getOrDefault(id, Set.of())));
        }
        if (call.request() instanceof Request.Rename rename) {
            matters.add(rename.name());
        }
        if (call.request() instanceof Request.Restore restore) {
            matters.add(restore.name());
        }
        return matters;
    }
}
