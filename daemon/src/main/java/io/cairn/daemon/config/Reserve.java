package io.cairn.daemon.config;

import io.cairn.spi.ByteSize;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is to be kept free of a pool: so many bytes, or a part of its size.
 *
 * @param bytes at least zero; zero if it is a part
 * @param percent from 0 to 100; zero if it is a number of bytes
 */
public record Reserve(long bytes, double percent) {
    public static final Reserve NONE = new Reserve(0, 0);

    private static final Pattern PERCENT = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,3})?) ?%");

    public Reserve {
        if (bytes < 0 || !(percent >= 0 && percent <= 100) || (bytes > 0 && percent > 0)) {
            throw new IllegalArgumentException(
                    "a reserve of %d bytes and %s %%".formatted(bytes, percent));
        }
    }

    /**
     * Reads {@code 10GiB} or {@code 5%}.
     *
     * @throws IllegalArgumentException if it is neither; the message says how to write it
     */
    public static Reserve parse(String text) {
        if (text.equals("0")) {
            return NONE;
        }
        Matcher percent = PERCENT.matcher(text);
        if (percent.matches()) {
            double value = Double.parseDouble(percent.group(1));
            if (value > 100) {
                throw new IllegalArgumentException(
                        "'%s' is more than the whole pool: write 0%% to 100%%".formatted(text));
            }
            return new Reserve(0, value);
        }
        if (!Character.isLetter(text.charAt(text.length() - 1))) {
            throw new IllegalArgumentException(
                    "'%s' is no reserve: write a size such as 10GiB, or a part of the pool such as 5%%"
                            .formatted(text));
        }
        return new Reserve(ByteSize.parse(text), 0);
    }

    /** In bytes, of a pool of that size; never more than that. */
    public long bytesOf(long totalBytes) {
        if (percent == 0) {
            return Math.min(bytes, totalBytes);
        }
        return BigDecimal.valueOf(totalBytes)
                .multiply(BigDecimal.valueOf(percent))
                .divide(BigDecimal.valueOf(100), 0, RoundingMode.CEILING)
                .longValueExact();
    }
}
