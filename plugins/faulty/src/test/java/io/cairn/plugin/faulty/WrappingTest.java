package io.cairn.plugin.faulty;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/** Nothing of a driver is lost behind the wrapping, whatever the interfaces may become. */
final class WrappingTest {
    private static final VolumeId VOLUME = VolumeId.random();
    private static final SnapshotId SNAPSHOT = SnapshotId.random();
    private static final Map<Class<?>, Object> ARGUMENTS =
            Map.ofEntries(
                    Map.entry(VolumeId.class, VOLUME),
                    Map.entry(SnapshotId.class, SNAPSHOT),
                    Map.entry(VolumeSpec.class, new VolumeSpec(VOLUME, "p", 1, Mark.NONE)),
                    Map.entry(SnapshotSpec.class, new SnapshotSpec(SNAPSHOT, VOLUME, Mark.NONE)),
                    Map.entry(Mark.class, new Mark("mark")),
                    Map.entry(Target.class, Target.of(VOLUME)),
                    Map.entry(ConnectionId.class, ConnectionId.random()),
                    Map.entry(
                            ExportSpec.class,
                            new ExportSpec(
                                    ConnectionId.random(),
                                    Target.of(VOLUME),
                                    true,
                                    "nbd",
                                    Map.of())),
                    Map.entry(BackendIdentity.class, new BackendIdentity(UUID.randomUUID(), "b")),
                    Map.entry(InventoryVisitor.class, deaf()),
                    Map.entry(Optional.class, Optional.of(SNAPSHOT)),
                    Map.entry(String.class, "text"),
                    Map.entry(long.class, 7L),
                    Map.entry(int.class, 8),
                    Map.entry(boolean.class, true));

    @TempDir private Path temporary;
    private Faults faults;

    /** What reached the driver inside. */
    private final List<Made> made = new ArrayList<>();

    private record Made(Method method, List<?> arguments) {}

    @BeforeEach
    void lead() throws Exception {
        faults =
                new Faults(
                        Drill.open(
                                Drills.folder(temporary),
                                Schedule.read(0, 0, Schedule.ALL, Schedule.ALL),
                                "noted"),
                        Duration.ZERO);
    }

    @Test
    void everyMethodOfEveryInterfaceReachesTheDriverInside() throws Exception {
        Driver driver = Wrapping.wrap(noted(Driver.class, true), faults);
        int methods = 0;
        for (Object each : withCapabilities(driver)) {
            for (Method method : each.getClass().getInterfaces()[0].getMethods()) {
                made.clear();
                Object[] arguments =
                        Stream.of(method.getParameterTypes()).map(WrappingTest::argument).toArray();
                Object _ = method.invoke(each, arguments);
                assertThat(made)
                        .describedAs("%s", method)
                        .containsExactly(new Made(method, Arrays.asList(arguments)));
                methods++;
            }
        }
        // What was there when this was written; a smaller number would be of a search that fails.
        assertThat(methods).isGreaterThanOrEqualTo(43);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCapabilityIsThereIfTheDriverInsideHasIt(boolean there) throws Exception {
        Driver driver = Wrapping.wrap(noted(Driver.class, there), faults);
        List<Method> capabilities =
                Stream.of(Driver.class.getMethods())
                        .filter(method -> method.getReturnType() == Optional.class)
                        .filter(method -> method.getParameterCount() == 0)
                        .toList();
        assertThat(capabilities).hasSizeGreaterThanOrEqualTo(11);
        for (Method method : capabilities) {
            assertThat(method.invoke(driver))
                    .describedAs("%s", method)
                    .isInstanceOfSatisfying(
                            Optional.class,
                            found -> assertThat(found.isPresent()).isEqualTo(there));
        }
    }

    @Test
    void everyMethodThatMayFailIsACallThatCanGoWrong() {
        Set<String> calls = Spi.calls();
        for (Class<?> type : Spi.interfaces()) {
            for (Method method : type.getMethods()) {
                assertThat(calls.contains(method.getName()))
                        .describedAs("%s", method)
                        .isEqualTo(method.getExceptionTypes().length > 0);
            }
        }
    }

    /** A driver wrapped, and all its capabilities as it offers them. */
    private static List<Object> withCapabilities(Driver driver) throws Exception {
        List<Object> all = new ArrayList<>(List.of(driver));
        for (Method method : Driver.class.getMethods()) {
            if (Spi.capability(method).isPresent()) {
                all.add(((Optional<?>) method.invoke(driver)).orElseThrow());
            }
        }
        return all;
    }

    private static Object argument(Class<?> type) {
        return Objects.requireNonNull(ARGUMENTS.get(type), () -> "an argument of " + type);
    }

    /** Answers null or 0, or the capability, and notes what it is asked. */
    private <T> T noted(Class<T> type, boolean capabilities) {
        return type.cast(
                Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, arguments) -> {
                            Object[] all = arguments == null ? new Object[0] : arguments;
                            made.add(new Made(method, Arrays.asList(all)));
                            return answer(method, capabilities);
                        }));
    }

    private @Nullable Object answer(Method method, boolean capabilities) {
        Optional<Class<?>> offered = Spi.capability(method);
        if (offered.isPresent()) {
            return capabilities
                    ? Optional.of(noted(offered.get(), capabilities))
                    : Optional.empty();
        }
        return method.getReturnType() == long.class ? 0L : null;
    }

    private static InventoryVisitor deaf() {
        return new InventoryVisitor() {
            @Override
            public void volume(BackendVolume volume) {}

            @Override
            public void snapshot(BackendSnapshot snapshot) {}

            @Override
            public void unreadable(Target target, String location, String problem) {}
        };
    }
}
