package io.cairn.daemon.jmx;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns, for clients that show a result as text. Not thread-safe. */
final class TextTable {
    private final List<List<String>> rows = new ArrayList<>();

    TextTable(String... titles) {
        rows.add(List.of(titles));
    }

    void add(Object... cells) {
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            String text = cell.toString();
            row.add(text.isEmpty() ? "-" : text);
        }
        rows.add(row);
    }

    /**
     * The table and a last line below it. Lines end without blanks, the text without a line end.
     */
    String with(String lastLine) {
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
                String cell = row.get(i);
                line.append(cell).repeat(' ', widths[i] - cell.length() + 2);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.append(lastLine).toString();
    }
}
