package io.cairn.daemon.crash;

import io.cairn.daemon.crash.Ledger.Loss;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/** All that the clients know. Objects that one client owns are known by ids which it chose. */
final class Records {
    final Ledger ledger = new Ledger();
    final Versions versions = new Versions();
    final AtomicLong asked = new AtomicLong();
    final AtomicLong acknowledged = new AtomicLong();
    final Set<String> problems = new ConcurrentSkipListSet<>();
    final Calls calls = new Calls();

    private final Layout layout;
    private final AtomicLong generations = new AtomicLong();
    private final Set<String> kept = new ConcurrentSkipListSet<>();
    private final Map<String, Long> counts = new ConcurrentSkipListMap<>();
    private final Map<String, String> volumes = new ConcurrentHashMap<>();
    private final Map<String, String> titles = new ConcurrentHashMap<>();
    private final Map<String, Content> first = new ConcurrentHashMap<>();
    private final Map<String, Content> now = new ConcurrentHashMap<>();
    private final Map<String, Revert> reverts = new ConcurrentHashMap<>();

    /** Since when what served a volume is dead, by the volumes' ids. */
    private final Map<String, Long> serverEnds = new ConcurrentHashMap<>();

    /** What volumes were made from, by their ids: the ids of snapshots or volumes. */
    private final Map<String, String> sources = new ConcurrentHashMap<>();

    /** What was deleted, and nobody asked to go for good. */
    private final Set<String> thrown = new ConcurrentSkipListSet<>();

    /** Since when what was deleted for good is so, by its id. */
    private final Map<String, Long> purged = new ConcurrentHashMap<>();

    /** Whether all that was deleted since the last look stays in the trash for longer than that. */
    private volatile boolean keepsAll;

    private volatile boolean drilled;
    private volatile boolean killing;
    private volatile long killedAtMillis;

    /**
     * @param to what the volume then holds
     * @param answeredAt when it was done, if it was
     */
    private record Revert(Content to, long answeredAt) {}

    Records(Layout layout) {
        this.layout = layout;
    }

    /** How the driver that is used lays out what it keeps. */
    Layout layout() {
        return layout;
    }

    /** What a snapshot that all clients use is called here; its volume goes by its name. */
    static String key(String volume, String snapshot) {
        return volume + "/" + snapshot;
    }

    /**
     * Notes that an object is being asked for.
     *
     * @param volume the id of a snapshot's volume; a volume's own
     * @param title its name and description
     * @param content what it will hold
     */
    void asking(String id, String volume, String title, Content content) {
        volumes.put(id, volume);
        titles.put(id, title);
        first.put(id, content);
        now.putIfAbsent(id, content);
    }

    /** Notes what a volume is made from. */
    void madeFrom(String id, String source) {
        sources.put(id, source);
    }

    /** Notes that a volume is being given up, which does not say any more what it was made from. */
    void givingUp(String id) {
        sources.remove(id);
    }

    /** What a volume was made from; empty for nothing, or if nobody knows. */
    Optional<String> source(String id) {
        return Optional.ofNullable(sources.get(id));
    }

    /** Notes that something was deleted, which may be in the trash since. */
    void thrown(String id) {
        thrown.add(id);
    }

    Set<String> thrown() {
        return thrown;
    }

    /** Notes that something in the trash is being asked to go for good. */
    void purging(String id) {
        thrown.remove(id);
    }

    /** Notes that it is gone for good. */
    void purged(String id) {
        purged.put(id, System.nanoTime());
    }

    /** What is gone for good for sure. */
    Set<String> purged(Loss loss) {
        return purged.entrySet().stream()
                .filter(each -> each.getValue() < loss.from())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** Notes whether nothing leaves the trash that nobody asks to. */
    void keepsAll(boolean all) {
        keepsAll = all;
    }

    boolean keepsAll() {
        return keepsAll;
    }

    /** What is right to be answered for what was deleted, as its time in the trash may be over. */
    Set<String> refusalsOfTrash() {
        return keepsAll ? Set.of() : Set.of("NOT_FOUND");
    }

    /** Notes a key that a client keeps values under. */
    void keeping(String key) {
        kept.add(key);
    }

    Set<String> kept() {
        return kept;
    }

    boolean isAsked(String id) {
        return first.containsKey(id);
    }

    /** The id of the volume that a snapshot was asked for of; a volume's own. */
    String volumeOf(String id) {
        return volumes.getOrDefault(id, "of none");
    }

    /** The name and description that an object was asked for with. */
    String firstTitle(String id) {
        return titles.getOrDefault(id, "");
    }

    /** Notes one more of a kind of things that clients do, if it was done. */
    void count(String what, boolean done) {
        counts.merge(what, done ? 1L : 0L, Long::sum);
    }

    void count(String what, long more) {
        counts.merge(what, more, Long::sum);
    }

    /** How much was done of each kind. */
    String counts() {
        return counts.entrySet().stream()
                .map(each -> each.getValue() + " " + each.getKey())
                .collect(Collectors.joining(", "));
    }

    Content content(String id) {
        Content content = now.get(id);
        if (content == null) {
            throw new IllegalArgumentException("nobody asked for " + id);
        }
        return content;
    }

    /** What a volume or snapshot may hold besides: what it was to be reverted to. */
    Optional<Content> other(String id, Loss loss) {
        return Optional.ofNullable(reverts.get(id))
                .filter(revert -> revert.answeredAt() >= loss.from())
                .map(Revert::to);
    }

    /** How large an object was when it was asked for. */
    long firstBytes(String id) {
        Content content = first.get(id);
        if (content == null) {
            throw new IllegalArgumentException("nobody asked for " + id);
        }
        return content.sizeBytes();
    }

    /** A volume became larger. */
    void resized(String id, long sizeBytes) {
        now.put(id, content(id).resized(sizeBytes));
    }

    void reverting(String id, String snapshot) {
        reverts.put(id, new Revert(content(snapshot), Long.MAX_VALUE));
    }

    void reverted(String id, String snapshot) {
        Content to = content(snapshot);
        long at = System.nanoTime();
        now.put(id, to.resized(content(id).sizeBytes()).durableSince(at));
        reverts.put(id, new Revert(to, at));
    }

    /** What a volume was found to hold, of what it may. */
    void found(String id, Content content) {
        now.put(id, content);
    }

    /** Overwrites a volume with a new generation. */
    void write(String id, Path image, boolean sync) throws IOException {
        Content next =
                Content.of(generations.incrementAndGet(), content(id).sizeBytes(), Content.NOT_YET);
        now.put(id, next);
        layout.images().write(image, next.bytes(), sync);
        now.put(id, next.durableSince(System.nanoTime()));
    }

    /**
     * Writes while no daemon runs: to some volumes, so that a snapshot that is cut late is noticed,
     * and to each of which nobody knows what it holds since the power was lost.
     */
    void writeLate(Path backend, Random random, Loss loss, boolean sync) throws IOException {
        Storage storage = layout.storage(backend, this, loss, new Problems());
        for (Map.Entry<String, Content> entry : Map.copyOf(now).entrySet()) {
            String id = entry.getKey();
            if (!volumeOf(id).equals(id)) {
                continue;
            }
            Path image = storage.image(id);
            boolean unknown =
                    entry.getValue().durableAt()
                            >= Math.min(loss.from(), serverEnds.getOrDefault(id, Long.MAX_VALUE));
            if (layout.images().exists(image)) {
                // An extension may have been begun, or lost.
                now.put(id, entry.getValue().resized(layout.images().sizeBytes(image)));
                boolean writable = layout.images().isWritable(image);
                if (writable && (unknown || random.nextInt(4) != 0)) {
                    write(id, image, sync);
                }
            } else if (unknown) {
                // It is made again by the next start, or not at all.
                now.put(id, first.get(id));
            }
        }
    }

    /** Forgets all but these objects, which are there. */
    void beginWith(Set<String> ids, Set<String> objects) {
        ledger.beginWith(objects);
        thrown.clear();
        purged.clear();
        reverts.clear();
        serverEnds.clear();
        volumes.keySet().retainAll(ids);
        titles.keySet().retainAll(ids);
        first.keySet().retainAll(ids);
        now.keySet().retainAll(ids);
    }

    boolean isKilling() {
        return killing;
    }

    void killing(boolean soon) {
        killing = soon;
    }

    /**
     * Notes that what serves a volume is being killed: what was not durable is lost, its device
     * ends, and until the daemon is killed too, any call may fail, of which nobody knows then what
     * it did.
     */
    void killingServer(String volume) {
        serverEnds.put(volume, System.nanoTime());
    }

    /** Whether what served a volume was killed since the last look. */
    boolean serverEnded(String volume) {
        return serverEnds.containsKey(volume);
    }

    /** Whether the daemon was left to itself since its clients began, and owes them an answer. */
    boolean isUndisturbed() {
        return serverEnds.isEmpty() && !drilled;
    }

    /** Notes that calls of the driver go wrong from now on. */
    void drill() {
        drilled = true;
    }

    boolean isDrilled() {
        return drilled;
    }

    /** Notes that nothing that clients asked for may begin any more. */
    void killed() {
        killedAtMillis = System.currentTimeMillis();
    }

    /** When the daemon that clients last used was dead for sure, since 1970. */
    long killedAtMillis() {
        return killedAtMillis;
    }
}
