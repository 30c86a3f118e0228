package io.cairn.daemon.crash;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What a volume or a snapshot holds: each eight bytes tell their generation and their place.
 *
 * @param generation of the first {@code written} bytes, given to no other content; 0 for zeroes
 * @param written how many bytes are of the generation, a multiple of 8; the rest are zeroes
 * @param sizeBytes of the whole
 * @param durableAt the {@link System#nanoTime} since when a loss of power does not change it
 */
record Content(long generation, long written, long sizeBytes, long durableAt) {
    /** Durable as soon as the object is. */
    static final long WITH_THE_OBJECT = Long.MIN_VALUE;

    /** Being written. */
    static final long NOT_YET = Long.MAX_VALUE;

    private static final int PLACE_BITS = 24;

    static Content zeroes(long sizeBytes) {
        return new Content(0, 0, sizeBytes, WITH_THE_OBJECT);
    }

    static Content of(long generation, long sizeBytes, long durableAt) {
        return new Content(generation, sizeBytes, sizeBytes, durableAt);
    }

    /** The same at the beginning of a volume that may be larger. */
    Content in(long size) {
        return new Content(generation, written, size, WITH_THE_OBJECT);
    }

    /** The same in a volume of another size. */
    Content resized(long size) {
        return new Content(generation, Math.min(written, size), size, durableAt);
    }

    Content durableSince(long nanos) {
        return new Content(generation, written, sizeBytes, nanos);
    }

    /** Says what is wrong with what was found where this should be. */
    Optional<String> problemOf(byte[] found) {
        if (found.length != sizeBytes) {
            return Optional.of("it has %d bytes instead of %d".formatted(found.length, sizeBytes));
        }
        ByteBuffer wanted = ByteBuffer.wrap(bytes());
        ByteBuffer words = ByteBuffer.wrap(found);
        int at = words.mismatch(wanted);
        if (at < 0) {
            return Optional.empty();
        }
        long word = words.getLong(at / Long.BYTES * Long.BYTES);
        return Optional.of(
                "byte %d is of generation %d and place %d instead of generation %d; it begins with %d and ends with %d"
                        .formatted(
                                at,
                                word >>> PLACE_BITS,
                                (word & ((1 << PLACE_BITS) - 1)) * Long.BYTES,
                                at < written ? generation : 0,
                                words.getLong(0) >>> PLACE_BITS,
                                words.getLong(found.length - Long.BYTES) >>> PLACE_BITS));
    }

    /** All of it. */
    byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(sizeBytes));
        for (long place = 0; generation != 0 && place < written / Long.BYTES; place++) {
            bytes.putLong(generation << PLACE_BITS | place);
        }
        return bytes.array();
    }
}
