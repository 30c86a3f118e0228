package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import javax.management.InstanceNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanOperationInfo;
import javax.management.ObjectName;

/**
 * Every operation of every kind of MBean succeeds with good arguments, or fails by the state that
 * it is asked in and by nothing else.
 */
final class GoodArgumentsTest {
    /** What needs more than arguments, by what it says then. */
    private static final Map<String, String> REFUSED =
            Map.of(
                    "Daemon.openBackend", "NOT_FOUND: this daemon has no configuration folder.*",
                    "Daemon.handOverBackend", "IN_USE: backend fast has connections.*",
                    "Daemon.forgetBackend", "IN_USE: .*fast.*",
                    "Daemon.forgetUnfinished", "NOT_FOUND: nothing of it is unfinished",
                    "Volume.forgetUnfinished", "NOT_FOUND: nothing of it is unfinished",
                    "Volume.detach", "NOT_FOUND: this host, .*, is not connected to it.*",
                    "Snapshot.detach", "NOT_FOUND: this host, .*, is not connected to it.*");

    /**
     * What the machine may lack: privileges for loop devices, a server for exports, or a file
     * system that shares content.
     */
    private static final List<String> MAY_BE_UNSUPPORTED =
            List.of(
                    "Volume.attach",
                    "Snapshot.attach",
                    "Connection.attach",
                    "Snapshot.listChangedRanges",
                    "Snapshot.listChangedRangesText");

    private static final String UP = "fast up true";
    private static final String OWN_HOST = "INVALID: this host is attached by attach.*";

    @Test
    void operationsSucceedOrFailByTheStateAlone() throws Exception {
        List<String> failures = new ArrayList<>();
        Set<String> types = new HashSet<>();
        Rooms rooms = new Rooms();
        try {
            for (ObjectName bean : rooms.beans()) {
                types.add(bean.getKeyProperty("type"));
            }
            for (String type : types) {
                for (MBeanOperationInfo operation : rooms.operations(type)) {
                    Optional<String> fault = rooms.fault(type, operation);
                    if (fault.isPresent()) {
                        // Perhaps what went before is in the way.
                        rooms.renew();
                        rooms.fault(type, operation).ifPresent(failures::add);
                    }
                }
            }
        } finally {
            rooms.close();
        }
        assertThat(types)
                .containsExactlyInAnyOrder(
                        "Daemon", "Backend", "Pool", "Volume", "Snapshot", "Connection");
        assertThat(failures).isEmpty();
    }

    /** A house to try operations in, and a new one when that is used up. */
    private static final class Rooms {
        private House house;
        private GoodArguments good;

        Rooms() throws Exception {
            house = new House();
            good = new GoodArguments(house);
        }

        Set<ObjectName> beans() throws Exception {
            return house.server.queryNames(House.name("cairn:*"), null);
        }

        MBeanOperationInfo[] operations(String type) throws Exception {
            return house.server.getMBeanInfo(good.bean(type)).getOperations();
        }

        void renew() throws Exception {
            close();
            house = new House();
            good = new GoodArguments(house);
        }

        /** What is wrong with what an operation says; empty if nothing is. */
        Optional<String> fault(String type, MBeanOperationInfo operation) throws Exception {
            String what = type + "." + operation.getName();
            String refused = REFUSED.getOrDefault(what, "");
            if (operation.getName().equals("closeBackend")) {
                GoodArguments.disconnectFar(house);
            }
            try {
                Object _ =
                        house.server.invoke(
                                good.bean(type, operation),
                                operation.getName(),
                                good.of(type, operation, -1, null),
                                GoodArguments.signature(operation));
                return refused.isEmpty() ? Optional.empty() : Optional.of(what + " succeeded");
            } catch (MBeanException e) {
                String message = String.valueOf(e.getMessage());
                boolean lacking =
                        (MAY_BE_UNSUPPORTED.contains(what) && message.startsWith("UNSUPPORTED: "))
                                || (what.equals("Connection.deviceAttached")
                                        && message.matches(OWN_HOST));
                boolean expected = !refused.isEmpty() && message.matches(refused);
                return lacking || expected
                        ? Optional.empty()
                        : Optional.of("%s: %s".formatted(what, message));
            } catch (InstanceNotFoundException _) {
                return Optional.of(what + " is of an MBean that is gone");
            }
        }

        void close() throws Exception {
            // A closed one was left without exports.
            if (house.opened().contains(UP)) {
                house.cleanUp();
            }
            house.close();
        }
    }
}
