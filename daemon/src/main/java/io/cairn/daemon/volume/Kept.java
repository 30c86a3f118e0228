package io.cairn.daemon.volume;

/**
 * How something that was deleted is in the trash.
 *
 * @param marked whether it says so itself on its backend
 * @param told the text of its mark there if it does not say so; empty if it was not there
 */
record Kept(boolean marked, String told) {
    static final Kept MARKED = new Kept(true, "");
    static final Kept MISSING = new Kept(false, "");

    static Kept unmarked(String told) {
        return new Kept(false, told);
    }
}
