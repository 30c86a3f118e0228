package io.cairn.daemon.access;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** So many lines for each address and minute: refusals cost their sender nothing, but a disk. */
final class Quota {
    static final int LINES = 20;
    static final long WINDOW_NANOS = 60_000_000_000L;

    private static final int ADDRESSES = 1_000;

    private final LongSupplier nanos;
    private final Map<String, Window> windows =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Window> eldest) {
                    return size() > ADDRESSES;
                }
            };

    private record Window(long start, int lines, long unwritten) {}

    Quota(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * Takes a line from the quota.
     *
     * @return how many were left out before it, or -1 if it is to be left out too
     */
    synchronized long take(String address) {
        long now = nanos.getAsLong();
        Window window = windows.get(address);
        if (window == null) {
            windows.put(address, new Window(now, 1, 0));
            return 0;
        }
        if (now - window.start() >= WINDOW_NANOS) {
            windows.put(address, new Window(now, 1, 0));
            return window.unwritten();
        }
        if (window.lines() < LINES) {
            windows.put(
                    address, new Window(window.start(), window.lines() + 1, window.unwritten()));
            return 0;
        }
        windows.put(address, new Window(window.start(), window.lines(), window.unwritten() + 1));
        return -1;
    }
}
