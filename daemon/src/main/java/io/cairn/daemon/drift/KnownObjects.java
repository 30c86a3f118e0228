package io.cairn.daemon.drift;

import java.util.UUID;
import java.util.function.Consumer;

/**
 * What is recorded of many objects, in 33 bytes each and up to as much again for room: a million
 * are some 70 MB. Not thread-safe.
 */
final class KnownObjects {
    private static final byte EMPTY = 0;
    private static final byte KNOWN = 1;
    private static final byte SEEN = 2;

    private byte[] states;
    private long[] highs;
    private long[] lows;
    private long[] sizes;
    private long[] looks;
    private int count;

    /**
     * @param expected about how many objects it is for, so that it need not grow
     */
    KnownObjects(long expected) {
        long places = Math.clamp(expected + expected / 2 + 1, 1 << 10, 1 << 28);
        states = new byte[Integer.highestOneBit((int) places) << 1];
        highs = new long[states.length];
        lows = new long[states.length];
        sizes = new long[states.length];
        looks = new long[states.length];
    }

    int count() {
        return count;
    }

    /**
     * Adds an object, or replaces it.
     *
     * @param look a hash of all else that is to be the same on the backend
     */
    void add(UUID id, long sizeBytes, long look) {
        if (count * 3 > states.length * 2) {
            grow();
        }
        int at = place(id);
        if (states[at] == EMPTY) {
            count++;
        }
        set(at, id.getMostSignificantBits(), id.getLeastSignificantBits(), sizeBytes, look);
    }

    /** How what was seen compares with what is known. */
    enum Match {
        UNKNOWN,
        SAME,
        OTHER
    }

    /** Notes that an object was seen on the backend. */
    Match see(UUID id, long sizeBytes, long look) {
        int at = place(id);
        if (states[at] == EMPTY) {
            return Match.UNKNOWN;
        }
        states[at] = SEEN;
        return sizes[at] == sizeBytes && looks[at] == look ? Match.SAME : Match.OTHER;
    }

    void forEachUnseen(Consumer<UUID> action) {
        for (int at = 0; at < states.length; at++) {
            if (states[at] == KNOWN) {
                action.accept(new UUID(highs[at], lows[at]));
            }
        }
    }

    /** Where an object is, or would be. */
    private int place(UUID id) {
        long high = id.getMostSignificantBits();
        long low = id.getLeastSignificantBits();
        int mask = states.length - 1;
        int at = Long.hashCode((high ^ Long.rotateLeft(low, 32)) * 0x9E3779B97F4A7C15L) & mask;
        while (states[at] != EMPTY && (highs[at] != high || lows[at] != low)) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private void set(int at, long high, long low, long size, long look) {
        states[at] = KNOWN;
        highs[at] = high;
        lows[at] = low;
        sizes[at] = size;
        looks[at] = look;
    }

    private void grow() {
        byte[] oldStates = states;
        long[] oldHighs = highs;
        long[] oldLows = lows;
        long[] oldSizes = sizes;
        long[] oldLooks = looks;
        int length = oldStates.length * 2;
        states = new byte[length];
        highs = new long[length];
        lows = new long[length];
        sizes = new long[length];
        looks = new long[length];
        for (int i = 0; i < oldStates.length; i++) {
            if (oldStates[i] != EMPTY) {
                int at = place(new UUID(oldHighs[i], oldLows[i]));
                set(at, oldHighs[i], oldLows[i], oldSizes[i], oldLooks[i]);
                states[at] = oldStates[i];
            }
        }
    }
}
