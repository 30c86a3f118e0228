package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.access.Role;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.Set;

import javax.management.DynamicMBean;
import javax.management.JMRuntimeException;
import javax.management.MBeanException;
import javax.management.MBeanServerFactory;
import javax.management.NotificationBroadcaster;
import javax.management.ObjectInstance;
import javax.management.ObjectName;
import javax.management.Query;
import javax.management.RuntimeOperationsException;

/** Queries and the other calls of an MBean server, with virtual MBeans in it. */
final class VirtualMBeanServerTest {
    /** Enough that reading all of them for one query would show. */
    private static final int MANY = 100_000;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cairn:type=Volume,* | 2",
                "cairn:type=Volume,backend=fast,* | 2",
                "cairn:type=Volume,backend=*,volume=* | 2",
                "cairn:type=Volume,backend=slow,* | 0",
                "cairn:type=Volume,backend=fast,volume=db1 | 1",
                "cairn:volume=db1,backend=fast,type=Volume | 1",
                "cairn:type=Volume,backend=fast,volume=db* | 2",
                "cairn:type=Volume,backend=fast,volume=d?2 | 1",
                "cairn:type=Snapshot,* | 3",
                "cairn:type=Snapshot,backend=fast,volume=db1,* | 2",
                "cairn:type=Snapshot,volume=db1,* | 2",
                "cairn:type=Snapshot,backend=fast,volume=db1,snapshot=o* | 1",
                "cairn:type=Snapshot,snapshot=one,* | 2",
                "cairn:type=S*,* | 3",
                "cairn:type=Pool,* | 1",
                "cairn:backend=fast,* | 7",
                "cairn:* | 9",
                "ca*:type=Volume,* | 2",
                "java.lang:type=Volume,* | 0",
                "cairn:type=Volume | 0",
            })
    void aQueryFindsWhatItsPatternSays(String pattern, int found) throws Exception {
        try (House house = new House()) {
            ObjectName db1 = house.volume("db1");
            house.snapshot(db1, "one");
            house.snapshot(db1, "two");
            house.snapshot(house.volume("db2"), "one");
            Set<ObjectName> names = house.server.queryNames(House.name(pattern), null);
            assertThat(names)
                    .hasSize(found)
                    .allSatisfy(name -> assertThat(house.server.isRegistered(name)).isTrue());
            assertThat(house.server.queryMBeans(House.name(pattern), null))
                    .extracting(ObjectInstance::getObjectName)
                    .containsExactlyInAnyOrderElementsOf(names);
        }
    }

    @Test
    void aQueryExpressionIsEvaluated() throws Exception {
        try (House house = new House()) {
            ObjectName big =
                    House.name((String) house.invoke(House.FAST, "createVolume", "big", "9GiB"));
            house.volume("small");
            assertThat(
                            house.server.queryNames(
                                    House.name("cairn:*"),
                                    Query.gt(Query.attr("SizeBytes"), Query.value(5L << 30))))
                    .containsExactly(big);
        }
    }

    @Test
    void aVirtualNameIsAnMBeanInEveryRespect() throws Exception {
        try (House house = new House()) {
            int before = house.server.getMBeanCount();
            ObjectName volume = house.volume("db1");
            assertThat(house.server.getMBeanCount()).isEqualTo(before + 1);
            assertThat(house.server.isRegistered(volume)).isTrue();
            assertThat(house.server.getObjectInstance(volume))
                    .isEqualTo(new ObjectInstance(volume, VolumeBean.class.getName()));
            assertThat(house.server.isInstanceOf(volume, VolumeBean.class.getName())).isTrue();
            assertThat(house.server.isInstanceOf(volume, DynamicMBean.class.getName())).isTrue();
            assertThat(house.server.isInstanceOf(volume, NotificationBroadcaster.class.getName()))
                    .isTrue();
            assertThat(house.server.isInstanceOf(volume, String.class.getName())).isFalse();
            assertThat(house.server.getClassLoaderFor(volume)).isNotNull();
            assertThat(house.server.getDomains()).contains("cairn");
            assertThat(house.server.queryNames(null, null)).contains(volume);
        }
    }

    @Test
    void anIdIsNoSecondNameOfAnMBean() throws Exception {
        try (House house = new House()) {
            ObjectName volume = house.volume("db1");
            ObjectName byId = BeanNames.volume("fast", (String) house.get(volume, "Id"));
            assertThat(house.server.isRegistered(byId)).isFalse();
            assertThat(house.invoke(BeanNames.DAEMON, "find", house.get(volume, "Id")))
                    .isEqualTo(volume.toString());
        }
    }

    @Test
    void virtualNamesCannotBeRegisteredNorTakenOut() throws Exception {
        try (House house = new House()) {
            ObjectName volume = house.volume("db1");
            ObjectName free = House.name("cairn:type=Volume,backend=fast,volume=free");
            assertThatThrownBy(() -> house.server.registerMBean(new Object(), free))
                    .isInstanceOf(RuntimeOperationsException.class)
                    .hasMessageContaining("cannot be registered");
            assertThatThrownBy(() -> house.server.createMBean("java.lang.Object", free))
                    .isInstanceOf(RuntimeOperationsException.class);
            assertThatThrownBy(() -> house.server.unregisterMBean(volume))
                    .isInstanceOf(RuntimeOperationsException.class)
                    .hasMessageContaining("operation delete");
        }
    }

    @Test
    void nothingIsLeftAfterClose() throws Exception {
        House house = new House();
        ObjectName volume = house.volume("db1");
        house.close();
        assertThat(house.server.isRegistered(volume)).isFalse();
        assertThat(house.server.queryNames(House.name("cairn:*"), null)).isEmpty();
    }

    @Test
    void aCallThatComesAfterCloseIsNotToldThatItsObjectIsGone() throws Exception {
        House house = new House();
        ObjectName volume = house.volume("db1");
        house.close();
        for (ObjectName name :
                List.of(volume, BeanNames.backend("fast"), BeanNames.DAEMON, snapshot("s1"))) {
            assertThatExceptionOfType(MBeanException.class)
                    .isThrownBy(() -> house.server.invoke(name, "delete", null, null))
                    .withMessageContaining(
                            "UNAVAILABLE: the daemon is stopping; nothing was changed");
            assertThatExceptionOfType(JMRuntimeException.class)
                    .isThrownBy(() -> house.server.getAttribute(name, "Name"))
                    .withMessageContaining("UNAVAILABLE: the daemon is stopping");
        }
    }

    @Test
    void aServerThatAnotherBuilderMadeIsRefused() {
        assertThatThrownBy(() -> VirtualMBeanServer.of(MBeanServerFactory.newMBeanServer()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(
                        "-Djavax.management.builder.initial=io.cairn.daemon.jmx.Cairn");
    }

    @Test
    void amongManyAnExactNameIsNotSearchedForAndABroadQueryIsCut() throws Exception {
        QueryLimits limits = new QueryLimits(50, 1_000);
        try (House house = new House(House.newServer(), Role.ADMIN, limits, MANY)) {
            ObjectName volume = House.name("cairn:type=Volume,backend=fast,volume=many");
            ObjectName oldest = snapshot("s0");
            ObjectName newest = snapshot("s" + (MANY - 1));
            assertThat(house.get(oldest, "Name")).isEqualTo("s0");
            assertThat(house.server.queryNames(oldest, null)).containsExactly(oldest);
            assertThat(house.server.queryNames(House.name("cairn:type=Snapshot,*"), null))
                    .hasSize(50)
                    .contains(newest)
                    .doesNotContain(oldest);
            assertThat(
                            house.server.queryNames(
                                    House.name("cairn:type=Snapshot,backend=fast,*"), null))
                    .hasSize(1_000);
            assertThat(
                            house.server.queryNames(
                                    House.name("cairn:type=Snapshot,snapshot=s77777,*"), null))
                    .hasSize(1);
            assertThat(house.server.queryNames(null, null)).hasSizeBetween(50, 60).contains(newest);
            assertThat(house.get(BeanNames.DAEMON, "SnapshotsNotShownCount")).isEqualTo(MANY - 50L);
            assertThat((ObjectName[]) house.get(volume, "Snapshots"))
                    .hasSize(100)
                    .startsWith(newest);
        }
    }

    private static ObjectName snapshot(String name) throws Exception {
        return House.name("cairn:type=Snapshot,backend=fast,volume=many,snapshot=" + name);
    }
}
