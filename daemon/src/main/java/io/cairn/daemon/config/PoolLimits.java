package io.cairn.daemon.config;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.OptionalDouble;

/**
 * How much of a backend's pools may be given out as volumes.
 *
 * @param overcommitRatio {@code overcommit.ratio}: how many times what a pool has, less the
 *     reserve, its volumes may have together; {@link #THIN_RATIO} where it is not set
 * @param reserve {@code reserve}: what is kept free of each pool
 */
public record PoolLimits(OptionalDouble overcommitRatio, Reserve reserve) {
    /** As OpenStack's Cinder has it, since most volumes are far from full. */
    public static final double THIN_RATIO = 20;

    static final double LEAST_RATIO = 0.001;
    static final double MOST_RATIO = 10_000;

    public static final PoolLimits DEFAULT = new PoolLimits(OptionalDouble.empty(), Reserve.NONE);

    public PoolLimits {
        overcommitRatio.ifPresent(
                ratio -> {
                    if (!(ratio >= LEAST_RATIO && ratio <= MOST_RATIO)) {
                        throw new IllegalArgumentException("an overcommit ratio of " + ratio);
                    }
                });
    }

    /**
     * The ratio that holds.
     *
     * @param thin whether a new volume takes next to no space. Where it takes all of its size at
     *     once no pool can hold more than it has, whatever is set
     */
    public double ratio(boolean thin) {
        return thin ? overcommitRatio.orElse(THIN_RATIO) : Math.min(1, overcommitRatio.orElse(1));
    }

    /** What is kept free of a pool of that size, in bytes. */
    public long reserveBytes(long totalBytes) {
        return reserve.bytesOf(totalBytes);
    }

    /** The most bytes that the volumes of a pool of that size may have together. */
    public long mostBytes(long totalBytes, boolean thin) {
        return BigDecimal.valueOf(totalBytes - reserveBytes(totalBytes))
                .multiply(BigDecimal.valueOf(ratio(thin)))
                .setScale(0, RoundingMode.FLOOR)
                .min(BigDecimal.valueOf(Long.MAX_VALUE))
                .longValueExact();
    }
}
