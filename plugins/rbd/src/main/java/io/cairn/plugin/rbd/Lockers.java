package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.OsException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Who has locks on objects, and their end by others. */
final class Lockers {
    private static final long TEXT_BYTES = 4096;

    private Lockers() {}

    /**
     * Who has a lock.
     *
     * @param client as Ceph names one, {@code client.NUMBER}
     */
    record Holder(String client, String cookie, String address) {}

    static List<Holder> of(Cluster cluster, String object, String lock) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment exclusive = arena.allocate(JAVA_INT);
            MemorySegment[] texts = new MemorySegment[4];
            MemorySegment[] lengths = new MemorySegment[4];
            for (int i = 0; i < texts.length; i++) {
                texts[i] = arena.allocate(TEXT_BYTES);
                lengths[i] = arena.allocate(JAVA_LONG);
                lengths[i].set(JAVA_LONG, 0, TEXT_BYTES);
            }
            long count =
                    cluster.library()
                            .call(
                                    Function.RADOS_LIST_LOCKERS,
                                    cluster.io(),
                                    arena.allocateFrom(object),
                                    arena.allocateFrom(lock),
                                    exclusive,
                                    texts[0],
                                    lengths[0],
                                    texts[1],
                                    lengths[1],
                                    texts[2],
                                    lengths[2],
                                    texts[3],
                                    lengths[3]);
            if (count == -OsException.ENOENT) {
                return List.of();
            }
            Cluster.check(count, "ask who has locked " + cluster.address().of(object));
            List<Holder> holders = new ArrayList<>();
            long[] at = new long[texts.length];
            for (long i = 0; i < count; i++) {
                String[] words = new String[texts.length];
                for (int word = 1; word < texts.length; word++) {
                    words[word] = texts[word].getString(at[word]);
                    at[word] += words[word].length() + 1L;
                }
                holders.add(new Holder(words[1], words[2], words[3]));
            }
            return holders;
        }
    }

    /** Ends a lock that is another's, or was ours; it may be gone by itself. */
    static void end(Cluster cluster, String object, String lock, Holder holder) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    cluster.library()
                            .call(
                                    Function.RADOS_BREAK_LOCK,
                                    cluster.io(),
                                    arena.allocateFrom(object),
                                    arena.allocateFrom(lock),
                                    arena.allocateFrom(holder.client()),
                                    arena.allocateFrom(holder.cookie()));
            if (result != -OsException.ENOENT) {
                Cluster.check(result, "end a lock on " + cluster.address().of(object));
            }
        }
    }
}
