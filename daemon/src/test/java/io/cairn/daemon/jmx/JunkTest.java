package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Role;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

import javax.management.ObjectName;

/**
 * Junk in every parameter of every operation of every kind of MBean, whatever there is by then. It
 * is refused with a clear message, or a description says that it is legal; nothing changes.
 */
final class JunkTest {
    private final House house;
    private final GoodArguments good;
    private final JunkWalk walk;

    JunkTest() throws Exception {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("JunkTest: -Dcairn.seed=" + seed);
        house = new House();
        good = new GoodArguments(house);
        Object anothersId = house.get(BeanNames.volume("fast", "another"), "Id");
        walk = new JunkWalk(house, new Junk(new Random(seed), (String) anothersId), good);
    }

    @AfterEach
    void close() throws Exception {
        house.cleanUp();
        house.close();
    }

    @Test
    void junkIsRefusedClearlyAndChangesNothing() throws Exception {
        Set<String> types = new HashSet<>();
        for (ObjectName bean : house.server.queryNames(House.name("cairn:*"), null)) {
            String type = bean.getKeyProperty("type");
            if (types.add(type)) {
                walk.walk(type, house.server.getMBeanInfo(bean));
            }
        }
        System.out.printf("JunkTest: %d calls of %s%n", walk.calls(), types);
        assertThat(walk.faults()).isEmpty();
        assertThat(types)
                .containsExactlyInAnyOrder(
                        "Daemon", "Backend", "Pool", "Volume", "Snapshot", "Connection");
        assertThat(walk.calls()).isGreaterThan(1_000);
    }

    /** What this test must not let pass. */
    @Description("Accepts what it should refuse")
    static final class Control {
        private final KeyValues values;

        Control(KeyValues values) {
            this.values = values;
        }

        @WriteOperation(value = "Accepts anything", role = Role.OPERATOR)
        String accept(@Description("A well formed something") String text) {
            return text;
        }

        @ReadOperation("Fails as if the daemon were at fault")
        String fail(@Description("A well formed something") String text) throws OperationException {
            if (!text.equals("well formed")) {
                throw new OperationException(Code.FAULT, "nobody foresaw this");
            }
            return text;
        }

        @ReadOperation("Refuses with a line break in its message")
        String shout(@Description("A well formed something") String text)
                throws OperationException {
            if (!text.equals("well formed")) {
                throw new OperationException(Code.INVALID, "this is not allowed:\n" + text);
            }
            return text;
        }

        @WriteOperation(value = "Refuses too late", role = Role.OPERATOR)
        String late(@Description("A well formed something") String text) throws OperationException {
            values.put("late", "x");
            if (!text.equals("well formed")) {
                throw new OperationException(Code.INVALID, "this is not allowed, but it is done");
            }
            return text;
        }
    }

    @Test
    void anMBeanThatAcceptsJunkIsFound() throws Exception {
        ObjectName name = House.name("test:type=Control");
        house.server.registerMBean(
                new Bean<>(
                        name,
                        new BeanType<>(Control.class, List.of()),
                        new Control(house.keyValues),
                        new Callers(Role.ADMIN, new Audit()),
                        new Subscriptions()),
                name);
        good.add("Control", name);
        walk.walk("Control", house.server.getMBeanInfo(name));
        assertThat(walk.faults())
                .anyMatch(fault -> fault.contains("accept of") && fault.contains("was accepted"))
                .anyMatch(fault -> fault.contains("fail of") && fault.contains("refused badly"))
                .anyMatch(fault -> fault.contains("shout of") && fault.contains("refused badly"))
                .anyMatch(
                        fault -> fault.contains("late of") && fault.contains("changed something"));
    }
}
