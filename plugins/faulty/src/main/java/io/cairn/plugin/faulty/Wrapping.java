package io.cairn.plugin.faulty;

import io.cairn.plugin.faulty.Faults.Call;
import io.cairn.plugin.faulty.Schedule.Signature;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * A driver or a capability of one, all of whose methods reach that one, and those that may fail do
 * so by faults too. The capabilities that it has are wrapped in turn.
 */
final class Wrapping implements InvocationHandler {
    /** The calls that make a volume, as their first argument says. */
    private static final Set<String> VOLUMES =
            Set.of("createVolume", "createFromSnapshot", "cloneVolume");

    private final Driver driver;
    private final Object wrapped;
    private final Faults faults;

    /**
     * @param driver that the wrapped object is, or is a capability of
     */
    private Wrapping(Driver driver, Object wrapped, Faults faults) {
        this.driver = driver;
        this.wrapped = wrapped;
        this.faults = faults;
    }

    static Driver wrap(Driver driver, Faults faults) {
        return wrap(Driver.class, new Wrapping(driver, driver, faults));
    }

    private static <T> T wrap(Class<T> type, Wrapping wrapping) {
        return type.cast(
                Proxy.newProxyInstance(
                        Wrapping.class.getClassLoader(), new Class<?>[] {type}, wrapping));
    }

    @SuppressWarnings("ReferenceEquality") // A proxy is equal to itself alone.
    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
            throws Throwable {
        Object[] all = arguments == null ? new Object[0] : arguments;
        if (method.getDeclaringClass() == Object.class) {
            return method.getName().equals("equals")
                    ? proxy == all[0]
                    : method.invoke(wrapped, all);
        }
        if (Spi.isCall(method)) {
            return faults.call(Signature.of(method), Arrays.asList(all), new Wrapped(method, all));
        }
        Object answer = pass(method, all);
        Optional<Class<?>> capability = Spi.capability(method);
        return capability.isPresent() && answer instanceof Optional<?> there
                ? there.map(each -> wrap(capability.get(), new Wrapping(driver, each, faults)))
                : answer;
    }

    /** Makes the same call of what is wrapped, and fails as it does. */
    private @Nullable Object pass(Method method, Object[] arguments)
            throws DriverException, InterruptedException {
        try {
            return method.invoke(wrapped, arguments);
        } catch (InvocationTargetException e) {
            switch (e.getCause()) {
                case DriverException failure -> throw failure;
                case InterruptedException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default ->
                        throw new IllegalStateException("%s failed".formatted(method), e);
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("%s cannot be called".formatted(method), e);
        }
    }

    /** One call of what is wrapped. */
    private final class Wrapped implements Call<@Nullable Object> {
        private final Method method;
        private final Object[] arguments;

        Wrapped(Method method, Object[] arguments) {
            this.method = method;
            this.arguments = arguments;
        }

        @Override
        public @Nullable Object make() throws DriverException, InterruptedException {
            return pass(method, arguments);
        }

        /** To a visitor nothing may be told twice. */
        @Override
        public void makeFirst() throws DriverException, InterruptedException {
            Object[] first = arguments.clone();
            first =
                    Arrays.stream(first)
                            .map(each -> each instanceof InventoryVisitor ? DEAF : each)
                            .toArray();
            Object _ = pass(method, first);
        }

        /**
         * A repeat finds what an earlier call made, and needs no space: to say that there is none
         * would leave it there while the daemon believes that it is not.
         */
        @Override
        public boolean mayBeFull() throws DriverException, InterruptedException {
            if (VOLUMES.contains(method.getName())) {
                return driver.findVolume(volume()).isEmpty();
            } else if (arguments[0] instanceof SnapshotSpec spec) {
                return driver.findSnapshot(spec.id(), spec.volume()).isEmpty();
            }
            Optional<BackendVolume> growing = driver.findVolume((VolumeId) arguments[0]);
            return growing.isPresent() && growing.get().sizeBytes() < (long) arguments[1];
        }

        @Override
        public void undo() throws DriverException, InterruptedException {
            try {
                if (VOLUMES.contains(method.getName())) {
                    driver.deleteVolume(volume());
                } else if (arguments[0] instanceof SnapshotSpec spec) {
                    SnapshotId id = spec.id();
                    driver.deleteSnapshot(id, spec.volume());
                }
            } catch (DriverException e) {
                // Of any other kind it would say that there is nothing.
                throw new DriverException(
                        DriverException.Kind.FAULT,
                        "%s could not be undone: %s".formatted(method.getName(), e.getMessage()),
                        e);
            }
        }

        private VolumeId volume() {
            return ((VolumeSpec) arguments[0]).id();
        }
    }

    private static final InventoryVisitor DEAF =
            new InventoryVisitor() {
                @Override
                public void volume(BackendVolume volume) {}

                @Override
                public void snapshot(BackendSnapshot snapshot) {}

                @Override
                public void unreadable(Target target, String location, String problem) {}
            };
}
