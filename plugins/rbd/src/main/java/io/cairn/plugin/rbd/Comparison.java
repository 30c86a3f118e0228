package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.ChangedRange;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * An open image beside one of its snapshots, which must be older. Which objects differ is told by
 * the object map where the image has one; only those are worth asking where in them.
 *
 * @param base the snapshot's name; without one, all that the image holds differs
 * @param parents whether what it shares with the image that it was made from counts as its own
 */
record Comparison(Image image, Optional<String> base, boolean parents) {
    /** How much is asked about at once, in bytes; a multiple of any object's size. */
    static final long WINDOW = 64L << 30;

    /** The objects of a part that differ, in order. */
    List<ChangedRange> objects(long fromByte, long endByte) throws OsException {
        return found(fromByte, endByte, true);
    }

    /** Where a part differs, in order; which costs an answer of the cluster for each object. */
    List<ChangedRange> ranges(long fromByte, long endByte) throws OsException {
        return found(fromByte, endByte, false);
    }

    private List<ChangedRange> found(long fromByte, long endByte, boolean whole)
            throws OsException {
        List<ChangedRange> found = new ArrayList<>();
        image.differences(
                this,
                whole,
                fromByte,
                endByte - fromByte,
                (offset, length) -> found.add(new ChangedRange(offset, length)));
        found.sort(Comparator.comparingLong(ChangedRange::offsetBytes));
        return found;
    }
}
