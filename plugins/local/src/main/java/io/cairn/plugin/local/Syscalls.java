package io.cairn.plugin.local;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** Where the calls of libc are, for {@link Native}; each wants {@link #STATE} before all else. */
@SuppressWarnings("restricted") // calling the kernel is what this class is for
final class Syscalls {
    static final StructLayout STATE = Linker.Option.captureStateLayout();
    static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    static final MethodHandle OPENAT =
            find("openat", 3, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    static final MethodHandle CLOSE = find("close", -1, JAVA_INT, JAVA_INT);
    static final MethodHandle IOCTL = find("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    static final MethodHandle FCNTL = find("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);

    /** The same call where its argument is a structure. */
    static final MethodHandle FCNTL_AT = find("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);

    static final MethodHandle FLOCK = find("flock", -1, JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle FSYNC = find("fsync", -1, JAVA_INT, JAVA_INT);
    static final MethodHandle FTRUNCATE = find("ftruncate", -1, JAVA_INT, JAVA_INT, JAVA_LONG);
    static final MethodHandle LSEEK = find("lseek", -1, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    static final MethodHandle FSETXATTR =
            find("fsetxattr", -1, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
    static final MethodHandle FGETXATTR =
            find("fgetxattr", -1, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    static final MethodHandle FREMOVEXATTR = find("fremovexattr", -1, JAVA_INT, JAVA_INT, ADDRESS);
    static final MethodHandle STATX =
            find("statx", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
    static final MethodHandle FUTIMENS = find("futimens", -1, JAVA_INT, JAVA_INT, ADDRESS);
    static final MethodHandle FCHMOD = find("fchmod", -1, JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle LINKAT =
            find("linkat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle RENAMEAT2 =
            find("renameat2", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle SYMLINKAT =
            find("symlinkat", -1, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    static final MethodHandle READLINKAT =
            find("readlinkat", -1, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    static final MethodHandle UNLINKAT =
            find("unlinkat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle MKDIRAT = find("mkdirat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle PREAD =
            find("pread", -1, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    static final MethodHandle PWRITE =
            find("pwrite", -1, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    static final MethodHandle COPY_FILE_RANGE =
            find(
                    "copy_file_range",
                    -1,
                    JAVA_LONG,
                    JAVA_INT,
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_INT);

    /** {@code add_key} of security/keys, which libc has no name for. */
    static final MethodHandle ADD_KEY =
            find(
                    "syscall", 1, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG,
                    JAVA_INT);

    /** {@code keyctl}, the same way, for what takes just a key. */
    static final MethodHandle KEYCTL = find("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT);

    static final MethodHandle STRERROR = find("strerror", -1, ADDRESS, JAVA_INT);

    private Syscalls() {}

    private static MethodHandle find(
            String name, int firstVariadic, ValueLayout result, ValueLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        Linker.Option errno = Linker.Option.captureCallState("errno");
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, arguments),
                firstVariadic < 0
                        ? new Linker.Option[] {errno}
                        : new Linker.Option[] {
                            errno, Linker.Option.firstVariadicArg(firstVariadic)
                        });
    }
}
