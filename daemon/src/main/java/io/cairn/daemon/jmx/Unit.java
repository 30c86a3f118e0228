package io.cairn.daemon.jmx;

import java.util.Locale;

/** What a number counts. A number with a unit bears it at the end of its name. */
enum Unit {
    /** A text, or a plain number of things. */
    NONE(""),
    BYTES("Bytes"),
    MILLISECONDS("Ms"),
    MICROSECONDS("Micros"),
    PERCENT("Percent");

    private final String suffix;

    Unit(String suffix) {
        this.suffix = suffix;
    }

    /** What the name of an attribute in this unit ends with. */
    String suffix() {
        return suffix;
    }

    /** The unit as the {@code units} field of a descriptor has it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
