package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException.Kind;

/** What Ceph's error numbers mean; it returns them as the kernel would, and means other things. */
final class Errors {
    /** Here: nobody answers within the time set. */
    static final int ETIMEDOUT = 110;

    private static final int E2BIG = 7;

    /** Here: the image is in a group. */
    private static final int EMLINK = 31;

    /** Here: the client was shut out of the cluster. */
    static final int ESHUTDOWN = 108;

    private Errors() {}

    /**
     * A call that failed.
     *
     * @param result a negative error number
     * @param what it was to do, to what
     */
    static OsException failed(long result, String what) {
        int errno = (int) -result;
        return new OsException(errno, kind(errno), "cannot %s: %s".formatted(what, words(errno)));
    }

    /** As {@link #failed}, of a call that Ceph takes for wrong only where its size is. */
    static OsException sizeRefused(long result, String what) {
        return result == -OsException.EINVAL
                ? failed(-OsException.EFBIG, what)
                : failed(result, what);
    }

    private static Kind kind(int errno) {
        return switch (errno) {
            case OsException.ENOENT -> NOT_FOUND;
            case OsException.EEXIST -> CONFLICT;
            case OsException.EBUSY, OsException.ENOTEMPTY, EMLINK -> IN_USE;
            case OsException.ENOSPC, OsException.EDQUOT -> NO_SPACE;
            case E2BIG, OsException.EFBIG -> INVALID;
            case OsException.EPERM, OsException.EACCES, OsException.EOPNOTSUPP -> UNSUPPORTED;
            case ETIMEDOUT, ESHUTDOWN, OsException.EROFS, OsException.ENOTCONN -> UNAVAILABLE;
            default -> FAULT;
        };
    }

    private static String words(int errno) {
        return switch (errno) {
            case E2BIG, OsException.EFBIG -> "Ceph has no images of that size";
            case OsException.ENOENT -> "it is not there";
            case OsException.EEXIST -> "it is there already";
            case OsException.EBUSY ->
                    "somebody has it open; see `rbd status`. Ceph forgets who was killed within 30 seconds";
            case OsException.ENOTEMPTY -> "it has snapshots; see `rbd snap ls --all`";
            case EMLINK -> "it is in a group of images; see `rbd group image rm`";
            case OsException.ENOSPC -> "the pool is full";
            case OsException.EDQUOT -> "the pool's quota is used up";
            case OsException.EPERM, OsException.EACCES ->
                    "Ceph does not let this user; give it `mon 'profile rbd' osd 'profile rbd pool=POOL'` by `ceph auth caps`";
            case ETIMEDOUT ->
                    "the cluster did not answer in time; see `ceph -s`, and the setting timeout";
            case ESHUTDOWN ->
                    "the cluster has shut this client out, as happens when another takes its place; restart the daemon";
            case OsException.EROFS ->
                    "the cluster does not take it now, as while an OSD is down; see `ceph -s`";
            case OsException.EINVAL -> "Ceph takes it for wrong (EINVAL)";
            case OsException.EIO -> "Ceph could not read or write it (EIO); see `ceph -s`";
            default -> "error %d of errno.h".formatted(errno);
        };
    }
}
