package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.volume.FaultyDriver;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.DriverException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

import javax.management.MBeanException;
import javax.management.MBeanOperationInfo;
import javax.management.ObjectName;

/** Operations that the state of a volume or a snapshot forbids say so, and change nothing. */
final class WrongStateTest {
    private static final ObjectName DB1 = BeanNames.volume("fast", "db1");
    private static final ObjectName SPARE = BeanNames.volume("fast", "spare");
    private static final int FAULTS = 1_000;

    private final FaultyDriver.Provider driver =
            new FaultyDriver.Provider(new FileDriverProvider());

    @Test
    void whileAChangeIsUnfinishedEveryOtherIsRefused(@TempDir Path folder) throws Exception {
        try (House house = House.in(folder, driver)) {
            GoodArguments good = new GoodArguments(house);
            // Later, nothing could be disconnected.
            house.cleanUp();
            for (int i = 0; i < FAULTS; i++) {
                driver.next(
                        Moment.BEFORE,
                        () -> {
                            throw new DriverException(
                                    DriverException.Kind.UNAVAILABLE, "nobody answers");
                        });
            }
            assertThatThrownBy(() -> house.invoke(DB1, "extend", "3GiB"))
                    .hasMessageStartingWith("UNAVAILABLE: ");
            assertThat(house.get(DB1, "State")).isEqualTo("error");
            String before = Everything.in(house);
            List<String> asked = new ArrayList<>();
            List<String> faults = new ArrayList<>();
            for (String type : new String[] {"Volume", "Snapshot", "Backend"}) {
                for (MBeanOperationInfo operation : operations(house, good, type)) {
                    ObjectName bean = good.bean(type, operation);
                    @Nullable Object[] arguments = good.of(type, operation, -1, null);
                    boolean about =
                            "db1".equals(bean.getKeyProperty("volume"))
                                    || (arguments.length > 0
                                            && type.equals("Backend")
                                            && Set.of("db1", "db1/one", "db1,spare")
                                                    .contains(arguments[0]));
                    if (!about
                            || operation.getImpact() == MBeanOperationInfo.INFO
                            || Set.of("forgetUnfinished", "detach").contains(operation.getName())) {
                        continue;
                    }
                    asked.add(type + "." + operation.getName());
                    String said = refusal(house, bean, operation, arguments);
                    if (!said.startsWith("UNAVAILABLE: ")
                            || !said.contains("only an available or in-use volume can be")) {
                        faults.add("%s: %s".formatted(asked.getLast(), said));
                    }
                }
            }
            assertThat(faults).isEmpty();
            assertThat(Everything.in(house)).isEqualTo(before);
            assertThat(asked)
                    .contains(
                            "Volume.createSnapshot",
                            "Volume.deleteWithSnapshots",
                            "Volume.connect",
                            "Volume.hold",
                            "Snapshot.createVolume",
                            "Snapshot.delete",
                            "Snapshot.attach",
                            "Backend.cloneVolume",
                            "Backend.deleteSnapshot");
        }
    }

    @Test
    void whatIsInUseIsNeitherDeletedNorReverted(@TempDir Path folder) throws Exception {
        try (House house = House.in(folder, driver)) {
            GoodArguments good = new GoodArguments(house);
            ObjectName one = House.name("cairn:type=Snapshot,backend=fast,volume=db1,snapshot=one");
            for (ObjectName used : List.of(DB1, SPARE, one)) {
                Object _ = house.invoke(used, "connect", "", "");
                assertThat(house.get(used, "State")).isEqualTo("in-use");
            }
            String before = Everything.in(house);
            List<String> faults = new ArrayList<>();
            for (String forbidden :
                    new String[] {
                        "Volume.delete",
                        "Volume.deleteWithSnapshots",
                        "Volume.unmanage",
                        "Volume.revert",
                        "Snapshot.delete",
                        "Backend.deleteVolume",
                        "Backend.createGroupSnapshot",
                        "Backend.deleteSnapshot",
                        "Backend.revertVolume"
                    }) {
                String type = forbidden.substring(0, forbidden.indexOf('.'));
                MBeanOperationInfo operation =
                        operations(house, good, type).stream()
                                .filter(each -> forbidden.equals(type + "." + each.getName()))
                                .findFirst()
                                .orElseThrow();
                String said =
                        refusal(
                                house,
                                good.bean(type, operation),
                                operation,
                                good.of(type, operation, -1, null));
                if (!said.matches("IN_USE: .* is in-use.* only an available one can be .*")) {
                    faults.add("%s: %s".formatted(forbidden, said));
                }
            }
            assertThat(faults).isEmpty();
            assertThat(Everything.in(house)).isEqualTo(before);
            house.cleanUp();
        }
    }

    private static List<MBeanOperationInfo> operations(House house, GoodArguments good, String type)
            throws Exception {
        return Arrays.asList(house.server.getMBeanInfo(good.bean(type)).getOperations());
    }

    private static String refusal(
            House house,
            ObjectName bean,
            MBeanOperationInfo operation,
            @Nullable Object[] arguments)
            throws Exception {
        try {
            Object result =
                    house.server.invoke(
                            bean,
                            operation.getName(),
                            arguments,
                            GoodArguments.signature(operation));
            return "succeeded: " + result;
        } catch (MBeanException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
