package io.cairn.benchmark;

/** What is asked of a figure, beside the figure. */
final class Bars {
    private Bars() {}

    static String most(String what, double value, double bar) {
        return line(what, value, "at most", bar, value <= bar);
    }

    static String least(String what, double value, double bar) {
        return line(what, value, "at least", bar, value >= bar);
    }

    private static String line(String what, double value, String how, double bar, boolean met) {
        return "%-6s  %s: %.2f (%s %s)"
                .formatted(met ? "met" : "MISSED", what, value, how, "%.1f".formatted(bar));
    }
}
