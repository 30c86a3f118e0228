package io.cairn.plugin.local;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.spi.ChangedRange;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Where two files that nobody writes to do not share their content, though one was cloned from what
 * became the other. Where they lie in the same place of the disk they are the same; all else was
 * written since.
 */
public final class ExtentChanges {
    // fiemap_extent.fe_flags of linux/fiemap.h
    private static final int UNKNOWN = 0x2;
    private static final int DELALLOC = 0x4;
    private static final int ENCODED = 0x8;
    private static final int NOT_ALIGNED = 0x100;
    private static final int INLINE = 0x200;
    private static final int UNWRITTEN = 0x800;

    /** Of these it is not told where they lie. */
    private static final int UNTOLD = UNKNOWN | DELALLOC | NOT_ALIGNED | INLINE;

    private ExtentChanges() {}

    /**
     * Compares a file with another, or with zeroes.
     *
     * @param fromByte as {@code most}, as in {@link io.cairn.spi.Differing#changed}
     */
    public static List<ChangedRange> between(
            Native os, Fd file, @Nullable Fd base, long fromByte, int most)
            throws OsException, InterruptedException {
        long size = os.size(file);
        Ranges changed = new Ranges(fromByte, size, most);
        Cursor ours = new Cursor(os, file, fromByte);
        Cursor others = new Cursor(os, base, fromByte);
        for (long at = fromByte; at < size && !changed.full(); ) {
            Part one = ours.at(at);
            Part other = others.at(at);
            long end = Math.min(size, Math.min(one.end(), other.end()));
            if (!one.sameAs(other)) {
                changed.add(at, end - at);
            }
            at = end;
        }
        return changed.found();
    }

    /**
     * A part of a file from some byte on.
     *
     * @param physical where on the disk that byte lies; of what is compressed, where all of it does
     * @param end where it ends, in the file
     */
    private record Part(long physical, int flags, boolean zero, long end) {
        boolean sameAs(Part other) {
            if (zero || other.zero) {
                return zero && other.zero;
            }
            return ((flags | other.flags) & UNTOLD) == 0
                    && ((flags ^ other.flags) & ENCODED) == 0
                    && physical == other.physical;
        }
    }

    private record Extent(long start, long length, long physical, int flags) {}

    /** Goes through the extents of one file. */
    private static final class Cursor {
        private static final int BATCH = 512;

        private final Native os;
        private final @Nullable Fd file;
        private final Deque<Extent> next = new ArrayDeque<>();
        private final MemorySegment map;
        private long from;
        private boolean last;

        Cursor(Native os, @Nullable Fd file, long from) {
            this.os = os;
            this.file = file;
            this.from = from;
            this.last = file == null;
            this.map = os.buffer(Extents.HEADER_BYTES + BATCH * Extents.EXTENT_BYTES);
        }

        Part at(long at) throws OsException, InterruptedException {
            while (true) {
                Extent first = next.peekFirst();
                if (first == null) {
                    if (last) {
                        return new Part(0, 0, true, Long.MAX_VALUE);
                    }
                    fill();
                } else if (first.start + first.length <= at) {
                    next.removeFirst();
                } else if (first.start > at) {
                    return new Part(0, 0, true, first.start);
                } else {
                    boolean encoded = (first.flags & ENCODED) != 0;
                    return new Part(
                            encoded ? first.physical : first.physical + (at - first.start),
                            first.flags,
                            (first.flags & UNWRITTEN) != 0,
                            first.start + first.length);
                }
            }
        }

        private void fill() throws OsException, InterruptedException {
            Fd open = file;
            if (open == null) {
                return;
            }
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted while looking at " + open.path());
            }
            int mapped = Extents.map(os, open, map, from, BATCH);
            last = mapped == 0;
            for (int i = 0; i < mapped; i++) {
                MemorySegment extent =
                        map.asSlice(
                                Extents.HEADER_BYTES + i * Extents.EXTENT_BYTES,
                                Extents.EXTENT_BYTES);
                Extent found =
                        new Extent(
                                extent.get(JAVA_LONG, Extents.EXTENT_START),
                                extent.get(JAVA_LONG, Extents.EXTENT_LENGTH),
                                extent.get(JAVA_LONG, Extents.EXTENT_PHYSICAL),
                                extent.get(JAVA_INT, Extents.EXTENT_FLAGS));
                next.addLast(found);
                last |= (found.flags & Extents.LAST) != 0;
                from = found.start + found.length;
            }
        }
    }
}
