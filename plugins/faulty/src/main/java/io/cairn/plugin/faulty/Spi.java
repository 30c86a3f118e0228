package io.cairn.plugin.faulty;

import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The driver's interfaces, as they are: what is added to them goes wrong too from then on. */
final class Spi {
    private Spi() {}

    /** Whether a method may fail, and so is a call that can go wrong. */
    static boolean isCall(Method method) {
        return List.of(method.getExceptionTypes()).contains(DriverException.class);
    }

    /** The interface that a method offers, if it tells of a capability. */
    static Optional<Class<?>> capability(Method method) {
        return !isCall(method)
                        && method.getReturnType() == Optional.class
                        && method.getGenericReturnType() instanceof ParameterizedType type
                        && type.getActualTypeArguments()[0] instanceof Class<?> offered
                        && offered.isInterface()
                ? Optional.of(offered)
                : Optional.empty();
    }

    /** The interface of a driver and those of all capabilities. */
    static List<Class<?>> interfaces() {
        return Stream.concat(
                        Stream.of(Driver.class),
                        Stream.of(Driver.class.getMethods())
                                .map(Spi::capability)
                                .flatMap(Optional::stream))
                .toList();
    }

    /** The names of all calls, that which opens a driver included. */
    static SortedSet<String> calls() {
        SortedSet<String> calls = new TreeSet<>(List.of(FaultyDriverProvider.OPEN));
        for (Class<?> each : interfaces()) {
            for (Method method : each.getMethods()) {
                if (isCall(method)) {
                    calls.add(method.getName());
                }
            }
        }
        return calls;
    }
}
