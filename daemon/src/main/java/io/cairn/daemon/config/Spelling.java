package io.cairn.daemon.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Guesses what an operator meant to type. */
public final class Spelling {
    private Spelling() {}

    /**
     * The likeliest of some words, if one is near enough to be a misspelling: a third of its
     * letters, and at least one, may be wrong, missing, surplus or swapped.
     */
    public static Optional<String> nearest(String typed, Collection<String> words) {
        return words.stream()
                .filter(word -> distance(typed, word) <= Math.max(1, word.length() / 3))
                .min(
                        Comparator.comparingInt((String word) -> distance(typed, word))
                                .thenComparing(Comparator.naturalOrder()));
    }

    /** {@code "; did you mean 'X'?"}, or nothing. */
    public static String hint(String typed, Collection<String> words) {
        return nearest(typed, words).map("; did you mean '%s'?"::formatted).orElse("");
    }

    /** Optimal string alignment, as in Damerau 1964, without regard to upper and lower case. */
    private static int distance(String one, String other) {
        int[][] d = new int[one.length() + 1][other.length() + 1];
        for (int i = 0; i <= one.length(); i++) {
            for (int j = 0; j <= other.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int replace = d[i - 1][j - 1] + (same(one, i - 1, other, j - 1) ? 0 : 1);
                d[i][j] = Math.min(replace, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                if (i > 1
                        && j > 1
                        && same(one, i - 1, other, j - 2)
                        && same(one, i - 2, other, j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[one.length()][other.length()];
    }

    private static boolean same(String one, int i, String other, int j) {
        return Character.toLowerCase(one.charAt(i)) == Character.toLowerCase(other.charAt(j));
    }
}
