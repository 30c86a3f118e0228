package io.cairn.benchmark;

/** How long one operation takes, and so how many of them are worth waiting for. */
enum Pace {
    /** It is seen how the machine warms up. */
    MICROSECONDS,
    MILLISECONDS,
    /** Of a second. */
    TENTHS
}
