package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.DriverException;

import java.io.Serial;

/** A system call that failed, or something else that stops an operation after it began. */
final class OsException extends Exception {
    // asm-generic/errno.h, the same on x86-64, aarch64 and riscv64
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EIO = 5;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int EEXIST = 17;
    static final int EXDEV = 18;
    static final int ENODEV = 19;
    static final int ENOTDIR = 20;
    static final int EINVAL = 22;
    static final int ENFILE = 23;
    static final int EMFILE = 24;
    static final int ENOTTY = 25;
    static final int EFBIG = 27;
    static final int ENOSPC = 28;
    static final int EROFS = 30;
    static final int ERANGE = 34;
    static final int ENOSYS = 38;
    static final int ENOTEMPTY = 39;
    static final int ENODATA = 61;
    static final int ENXIO = 6;
    static final int EOPNOTSUPP = 95;
    static final int ENOTCONN = 107;
    static final int ESTALE = 116;
    static final int EDQUOT = 122;

    @Serial private static final long serialVersionUID = 1;

    private final int errno;
    private final DriverException.Kind kind;

    OsException(int errno, String message) {
        this(errno, kindOf(errno), message + hint(errno));
    }

    OsException(DriverException.Kind kind, String message) {
        this(0, kind, message);
    }

    private OsException(int errno, DriverException.Kind kind, String message) {
        super(message);
        this.errno = errno;
        this.kind = kind;
    }

    boolean is(int candidate) {
        return errno == candidate;
    }

    /** Whether the file system lacks the call, as opposed to having failed at it. */
    boolean isLacking() {
        return switch (errno) {
            case EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV, EINVAL -> true;
            default -> false;
        };
    }

    /** The failure of a call of which the daemon says what it was to do. */
    DriverException told() {
        // What could not be undone makes any outcome unknown.
        DriverException.Kind truth =
                kind.outcomeKnown() && getSuppressed().length > 0 ? FAULT : kind;
        return new DriverException(truth, String.valueOf(getMessage()), this);
    }

    /** The same where something was changed already: only the repeat of the call can tell. */
    OsException withUnknownOutcome() {
        if (!kind.outcomeKnown()) {
            return this;
        }
        OsException unknown = new OsException(errno, FAULT, String.valueOf(getMessage()));
        unknown.initCause(this);
        return unknown;
    }

    DriverException during(String what) {
        return new DriverException(
                told().kind(), "cannot %s: %s".formatted(what, getMessage()), this);
    }

    private static DriverException.Kind kindOf(int errno) {
        return switch (errno) {
            case ENOSPC, EDQUOT -> NO_SPACE;
            case EFBIG -> INVALID;
            case ENOENT -> NOT_FOUND;
            case EACCES, EPERM, EOPNOTSUPP, ENOSYS, ENOTTY -> UNSUPPORTED;
            case EROFS, ESTALE, ENOTCONN, ENODEV, ENFILE, EMFILE -> UNAVAILABLE;
            default -> FAULT;
        };
    }

    private static String hint(int errno) {
        return switch (errno) {
            case EROFS -> "; find out why it became read-only, mend it and mount it anew";
            case EACCES, EPERM -> "; the daemon's user must own the folder and all in it";
            case EIO -> "; see the kernel's log for the device's error";
            case EFBIG -> "; this file system has no such large files";
            default -> "";
        };
    }
}
