package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.DriverException;

import java.io.Serial;

/** A system call that failed, or something else that stops an operation after it began. */
public final class OsException extends Exception {
    // asm-generic/errno.h, the same on x86-64, aarch64 and riscv64
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EIO = 5;
    public static final int EAGAIN = 11;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int EFBIG = 27;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int ERANGE = 34;
    public static final int ENOSYS = 38;
    public static final int ENOTEMPTY = 39;
    public static final int ENODATA = 61;
    public static final int ENXIO = 6;
    public static final int EOPNOTSUPP = 95;
    public static final int ECONNABORTED = 103;
    public static final int ENOTCONN = 107;
    public static final int ETIMEDOUT = 110;
    public static final int ESTALE = 116;
    public static final int EDQUOT = 122;

    @Serial private static final long serialVersionUID = 1;

    private final int errno;
    private final DriverException.Kind kind;

    public OsException(int errno, String message) {
        this(errno, kindOf(errno), message + hint(errno));
    }

    public OsException(DriverException.Kind kind, String message) {
        this(0, kind, message);
    }

    /** One of somebody who uses the kernel's numbers with a meaning of his own. */
    public OsException(int errno, DriverException.Kind kind, String message) {
        super(message);
        this.errno = errno;
        this.kind = kind;
    }

    public boolean is(int candidate) {
        return errno == candidate;
    }

    /** Whether the file system lacks the call, as opposed to having failed at it. */
    public boolean isLacking() {
        return switch (errno) {
            case EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV, EINVAL -> true;
            default -> false;
        };
    }

    /** The failure of a call of which the daemon says what it was to do. */
    public DriverException told() {
        // What could not be undone makes any outcome unknown.
        DriverException.Kind truth =
                kind.outcomeKnown() && getSuppressed().length > 0 ? FAULT : kind;
        return new DriverException(truth, String.valueOf(getMessage()), this);
    }

    /** The same where something was changed already: only the repeat of the call can tell. */
    public OsException withUnknownOutcome() {
        if (!kind.outcomeKnown()) {
            return this;
        }
        OsException unknown = new OsException(errno, FAULT, String.valueOf(getMessage()));
        unknown.initCause(this);
        return unknown;
    }

    public DriverException during(String what) {
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
