package io.cairn.spi;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: a whole number and a unit, {@code 10GiB} or {@code 10 GB}. */
public final class ByteSize {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,19}) ?(B|[kKMGTP]i?B)");
    private static final String UNITS = "KMGTP";

    private ByteSize() {}

    /**
     * Reads a size. {@code KiB MiB GiB TiB PiB} are powers of 1024, {@code kB MB GB TB PB} powers
     * of 1000, {@code B} is one byte.
     *
     * @return at least zero
     * @throws IllegalArgumentException if the text has no unit or is no such number; the message
     *     says how to write it
     */
    public static long parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'%s' is not a size: write a whole number and a unit, such as 512MiB or 10GiB"
                            .formatted(text));
        }
        String unit = matcher.group(2).toUpperCase(Locale.ROOT);
        int power = UNITS.indexOf(unit.charAt(0)) + 1;
        long bytes;
        try {
            bytes = Long.parseLong(matcher.group(1));
            for (int i = 0; i < power; i++) {
                bytes = Math.multiplyExact(bytes, unit.length() == 3 ? 1024L : 1000L);
            }
        } catch (ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException(
                    "'%s' is too large: the most is %d bytes".formatted(text, Long.MAX_VALUE), e);
        }
        return bytes;
    }

    /**
     * Writes a size with the largest binary unit that divides it, so that {@link #parse} gives it
     * back.
     */
    public static String format(long bytes) {
        int power = 0;
        long value = bytes;
        while (value != 0 && value % 1024 == 0 && power < UNITS.length()) {
            value /= 1024;
            power++;
        }
        return power == 0 ? value + "B" : "%d%siB".formatted(value, UNITS.charAt(power - 1));
    }
}
