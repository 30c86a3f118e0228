package io.cairn.daemon.volume;

/** What became of something that was deleted. */
enum Kept {
    /** It is not on its backend any more. */
    NOT,
    /** It is there, in the trash, and says so. */
    MARKED,
    /** It is there, in the trash, and could not be made to say so. */
    UNMARKED
}
