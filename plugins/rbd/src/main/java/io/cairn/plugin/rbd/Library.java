package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.DriverException;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.Map;

/**
 * The libraries of Ceph in this process, loaded once and never unloaded. For any number of threads,
 * which should be platform threads: most calls block.
 *
 * <p>A wrong address ends the JVM, and so does a handle that was closed; {@link Cluster} and {@link
 * Image} keep theirs to themselves for that.
 */
@SuppressWarnings("restricted") // calling Ceph's libraries is what this class is for
final class Library {
    /** What distributions call the packages' files. */
    private static final String RADOS = "librados.so.2";

    private static final String RBD = "librbd.so.1";

    private static @Nullable Library loaded;

    private final Map<Function, MethodHandle> handles = new EnumMap<>(Function.class);

    private Library(SymbolLookup symbols) {
        for (Function each : Function.values()) {
            handles.put(
                    each,
                    Linker.nativeLinker()
                            .downcallHandle(symbols.findOrThrow(each.symbol()), each.descriptor()));
        }
    }

    /**
     * Loads them.
     *
     * @throws DriverException UNSUPPORTED if they are not installed, or too old
     */
    static synchronized Library load() throws DriverException {
        Library library = loaded;
        if (library == null) {
            try {
                library =
                        new Library(
                                SymbolLookup.libraryLookup(RADOS, Arena.global())
                                        .or(SymbolLookup.libraryLookup(RBD, Arena.global())));
            } catch (IllegalArgumentException e) {
                throw new DriverException(
                        UNSUPPORTED,
                        "there is no %s or no %s: install librados2 and librbd1"
                                .formatted(RADOS, RBD),
                        e);
            } catch (java.util.NoSuchElementException e) {
                throw new DriverException(
                        UNSUPPORTED,
                        "%s is too old, of before Ceph 16: %s".formatted(RBD, e.getMessage()),
                        e);
            }
            loaded = library;
        }
        return library;
    }

    /** What it returns, which is a negative error number if it failed; 0 if it returns nothing. */
    long call(Function function, Object... arguments) {
        return invoke(function, arguments) instanceof Number number ? number.longValue() : 0;
    }

    /** The address that it returns. */
    MemorySegment address(Function function) {
        return (MemorySegment) java.util.Objects.requireNonNull(invoke(function));
    }

    private @Nullable Object invoke(Function function, Object... arguments) {
        MethodHandle handle = handles.get(function);
        if (handle == null) {
            throw new IllegalStateException(function + " is not bound");
        }
        try {
            return handle.invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("cannot call " + function.symbol(), e);
        }
    }
}
