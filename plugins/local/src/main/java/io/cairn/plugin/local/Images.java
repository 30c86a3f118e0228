package io.cairn.plugin.local;

import io.cairn.spi.Target;

import org.jspecify.annotations.Nullable;

/** The files that hold the content of a backend's volumes and snapshots. */
public interface Images {
    /**
     * The file of a target.
     *
     * @param access {@link Native#O_RDONLY} or {@link Native#O_RDWR}
     * @throws OsException NOT_FOUND if there is none
     */
    Fd target(Native os, Target target, int access) throws OsException;

    /** The file of a target, for reading; null if there is none. */
    @Nullable Fd targetIfThere(Native os, Target target) throws OsException;

    /** What the path of a target's file contains, and that of no other. */
    String hint(Target target);
}
