package io.cairn.plugin.local;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A secret in the kernel's key store ({@code Documentation/security/keys/core.rst}), where whatever
 * the same thread asks of the kernel finds it by its name. Gone when it is closed; what has used it
 * until then keeps a copy.
 */
@SuppressWarnings("restricted") // calling the kernel is what this class is for
public final class KernelKey implements AutoCloseable {
    /** {@code KEY_SPEC_THREAD_KEYRING} of linux/keyctl.h: nobody but this thread finds it. */
    private static final int OF_THREAD = -1;

    private static final int KEYCTL_REVOKE = 3;

    // asm/unistd_64.h, and asm-generic/unistd.h for all newer processors
    private static final boolean X86 = "amd64".equals(System.getProperty("os.arch"));
    private static final long NR_ADD_KEY = X86 ? 248 : 217;
    private static final long NR_KEYCTL = X86 ? 250 : 219;

    private final int serial;

    private KernelKey(int serial) {
        this.serial = serial;
    }

    /**
     * Puts one there.
     *
     * @param type who knows what it is, such as {@code ceph}
     * @throws OsException INVALID if it is none of that type
     */
    public static KernelKey add(String type, String name, byte[] secret) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Syscalls.STATE);
            MemorySegment payload = arena.allocate(Math.max(1, secret.length));
            MemorySegment.copy(
                    secret, 0, payload, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, secret.length);
            long serial;
            try {
                serial =
                        (long)
                                Syscalls.ADD_KEY.invokeExact(
                                        state,
                                        NR_ADD_KEY,
                                        arena.allocateFrom(type),
                                        arena.allocateFrom(name),
                                        payload,
                                        (long) secret.length,
                                        OF_THREAD);
            } catch (Throwable e) {
                // The handles declare it, and nothing comes.
                throw new AssertionError(e);
            } finally {
                payload.fill((byte) 0);
            }
            if (serial < 0) {
                int errno = (int) Syscalls.ERRNO.get(state, 0L);
                throw new OsException(
                        errno,
                        "the kernel does not take the key %s: error %d".formatted(name, errno));
            }
            return new KernelKey((int) serial);
        }
    }

    @Override
    public void close() {
        try (Arena arena = Arena.ofConfined()) {
            // If it fails, the key ends with the thread.
            long _ =
                    (long)
                            Syscalls.KEYCTL.invokeExact(
                                    arena.allocate(Syscalls.STATE),
                                    NR_KEYCTL,
                                    KEYCTL_REVOKE,
                                    serial);
        } catch (Throwable e) {
            // As above.
            throw new AssertionError(e);
        }
    }
}
