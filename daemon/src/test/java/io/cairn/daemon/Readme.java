package io.cairn.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fenced blocks of a Markdown file. Before each stands what becomes of it, in a comment: {@code
 * <!-- run: NAME -->}, by a test that asks for the name, or {@code <!-- not run: REASON -->}. Only
 * the picture has none.
 *
 * @param blocks the lines of those that are run, by their name
 * @param reasons of those that are not
 */
record Readme(Map<String, String> blocks, List<String> reasons) {
    private static final String FENCE = "```";
    private static final String RUN = "<!-- run: ";
    private static final String NOT_RUN = "<!-- not run: ";
    private static final String END = " -->";

    /** The section whose block is not for typing. */
    private static final String PICTURE = "One snapshot's way";

    static Readme read(Path file) throws IOException {
        Map<String, String> blocks = new HashMap<>();
        List<String> reasons = new ArrayList<>();
        String section = "";
        String comment = "";
        StringBuilder text = new StringBuilder();
        boolean inside = false;
        for (String line : Files.readAllLines(file)) {
            if (!line.startsWith(FENCE)) {
                if (inside) {
                    text.append(line).append('\n');
                } else if (line.startsWith("#")) {
                    section = line.replaceFirst("#+ ", "");
                } else if (!line.isBlank()) {
                    comment = line;
                }
                continue;
            }
            inside = !inside;
            if (inside) {
                text.setLength(0);
                continue;
            }
            if (comment.startsWith(RUN)) {
                String name = comment.substring(RUN.length(), comment.length() - END.length());
                if (blocks.put(name, text.toString()) != null) {
                    throw new IllegalArgumentException("two blocks are called " + name);
                }
            } else if (comment.startsWith(NOT_RUN)) {
                reasons.add(comment.substring(NOT_RUN.length(), comment.length() - END.length()));
            } else if (!section.equals(PICTURE)) {
                throw new IllegalArgumentException(
                        "a block in '%s' says neither that it is run nor why it is not:%n%s"
                                .formatted(section, text));
            }
            comment = "";
        }
        return new Readme(blocks, reasons);
    }

    Set<String> names() {
        return blocks.keySet();
    }

    String block(String name) {
        String block = blocks.get(name);
        if (block == null) {
            throw new IllegalArgumentException("README.md has no block " + name);
        }
        return block;
    }
}
