package io.cairn.benchmark;

import java.util.ArrayList;
import java.util.List;

/** Rows under headings, each column as wide as it must be. */
final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... headings) {
        add(headings);
    }

    void add(String... cells) {
        rows.add(List.of(cells));
    }

    @Override
    public String toString() {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                // Words begin at the left, numbers end at the right.
                line.append((i < 2 || i == columns - 1 ? "%-" : "%") + widths[i] + "s  ");
            }
            text.append(line.toString().formatted(row.toArray()).stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
