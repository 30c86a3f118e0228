package io.cairn.plugin.local;

import io.cairn.spi.ChangedRange;

import java.util.ArrayList;
import java.util.List;

/** Gathers ranges in their order: joins those that touch, and takes no more than are wanted. */
public final class Ranges {
    private final long fromByte;
    private final long endByte;
    private final int most;
    private final List<ChangedRange> found = new ArrayList<>();

    /**
     * None yet.
     *
     * @param fromByte what lies before it is left out
     * @param endByte what lies from there on is left out
     */
    public Ranges(long fromByte, long endByte, int most) {
        this.fromByte = fromByte;
        this.endByte = endByte;
        this.most = most;
    }

    /** Adds one, which begins no earlier than any before. */
    public void add(long offsetBytes, long lengthBytes) {
        long begin = Math.max(offsetBytes, fromByte);
        long end = Math.min(offsetBytes + lengthBytes, endByte);
        if (begin >= end) {
            return;
        }
        if (!found.isEmpty() && found.getLast().endBytes() >= begin) {
            ChangedRange last = found.removeLast();
            begin = last.offsetBytes();
            end = Math.max(end, last.endBytes());
        }
        found.add(new ChangedRange(begin, end - begin));
    }

    /** Whether nothing that comes now could be among those wanted. */
    public boolean full() {
        return found.size() > most;
    }

    /** Those wanted. */
    public List<ChangedRange> found() {
        return List.copyOf(found.subList(0, Math.min(most, found.size())));
    }

    /** What lies in one of each; both are in order, and none of either overlaps another of it. */
    public static List<ChangedRange> both(List<ChangedRange> some, List<ChangedRange> others) {
        List<ChangedRange> both = new ArrayList<>();
        for (int i = 0, j = 0; i < some.size() && j < others.size(); ) {
            long from = Math.max(some.get(i).offsetBytes(), others.get(j).offsetBytes());
            long end = Math.min(some.get(i).endBytes(), others.get(j).endBytes());
            if (from < end) {
                both.add(new ChangedRange(from, end - from));
            }
            if (some.get(i).endBytes() < others.get(j).endBytes()) {
                i++;
            } else {
                j++;
            }
        }
        return both;
    }
}
