package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.access.Role;
import io.cairn.plugin.file.FileDriverProvider;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanOperationInfo;

/** Which operations of Cairn's MBeans each role is refused, by trying them all. */
final class RolesTest {
    private static final List<String> TYPES =
            List.of("Daemon", "Backend", "Pool", "Volume", "Snapshot", "Connection");

    private static final Set<String> ADMINISTRATORS_ONLY =
            Set.of(
                    "Backend.adopt",
                    "Backend.adoptWith",
                    "Backend.deleteVolumeWithSnapshots",
                    "Backend.emptyTrash",
                    "Backend.purge",
                    "Backend.purgeUnread",
                    "Backend.repair",
                    "Daemon.backupState",
                    "Daemon.closeBackend",
                    "Daemon.exportStateWithSecrets",
                    "Daemon.exportStateWithSecretsTo",
                    "Daemon.forgetBackend",
                    "Daemon.forgetUnfinished",
                    "Daemon.handOverBackend",
                    "Daemon.importState",
                    "Daemon.importStateFrom",
                    "Daemon.listAudit",
                    "Daemon.listAuditText",
                    "Daemon.openBackend",
                    "Daemon.rebuildState",
                    "Volume.cleanup",
                    "Volume.deleteWithSnapshots",
                    "Volume.forgetUnfinished",
                    "Volume.unmanage");

    /** What only asks, and yet tells secrets or bothers the driver. */
    private static final Set<String> QUESTIONS_NOT_FOR_READERS =
            Set.of(
                    "Backend.checkBackend",
                    "Backend.inspectSnapshot",
                    "Backend.inspectVolume",
                    "Backend.listUnmanaged",
                    "Backend.listUnmanagedText",
                    "Backend.measureFreedBytes",
                    "Backend.refreshStats",
                    "Connection.connectionInfo",
                    "Daemon.exportState",
                    "Daemon.getValue",
                    "Daemon.listValues",
                    "Daemon.listValuesText",
                    "Snapshot.inspect",
                    "Snapshot.listChangedRanges",
                    "Snapshot.listChangedRangesText",
                    "Snapshot.measureFreedBytes",
                    "Snapshot.measureFreedText",
                    "Volume.inspect");

    @TempDir private Path folder;
    private GoodArguments good;

    @BeforeEach
    void prepare() throws Exception {
        try (House house = House.in(folder, new FileDriverProvider())) {
            good = new GoodArguments(house);
            GoodArguments.disconnectFar(house);
        }
    }

    @AfterEach
    void cleanUp() throws Exception {
        try (House house = House.in(folder, new FileDriverProvider())) {
            house.cleanUp();
        }
    }

    @Test
    void readersChangeNothingAndLearnNoSecret() throws Exception {
        try (House house = House.in(folder, new FileDriverProvider(), Role.READER)) {
            Set<String> refused = new TreeSet<>(QUESTIONS_NOT_FOR_READERS);
            refused.addAll(ADMINISTRATORS_ONLY);
            for (String type : TYPES) {
                for (MBeanOperationInfo operation : operations(house, type)) {
                    if (operation.getImpact() != MBeanOperationInfo.INFO) {
                        refused.add(type + "." + operation.getName());
                    }
                }
            }
            String before = Everything.in(house);
            assertThat(refused(house)).isEqualTo(refused);
            assertThat(Everything.in(house)).isEqualTo(before);
        }
    }

    @Test
    void operatorsAreRefusedWhatIsForAdministrators() throws Exception {
        try (House house = House.in(folder, new FileDriverProvider(), Role.OPERATOR)) {
            assertThat(refused(house)).isEqualTo(new TreeSet<>(ADMINISTRATORS_ONLY));
        }
    }

    @Test
    void administratorsAreRefusedNothing() throws Exception {
        try (House house = House.in(folder, new FileDriverProvider())) {
            assertThat(refused(house)).isEmpty();
        }
    }

    private Set<String> refused(House house) throws Exception {
        Set<String> refused = new TreeSet<>();
        for (String type : TYPES) {
            // With nothing for arguments little happens; what ends a connection comes last.
            List<MBeanOperationInfo> operations = new ArrayList<>(operations(house, type));
            operations.sort(
                    Comparator.comparing((MBeanOperationInfo one) -> one.getSignature().length == 0)
                            .thenComparing(one -> one.getName().equals("disconnect")));
            for (MBeanOperationInfo operation : operations) {
                String what = type + "." + operation.getName();
                try {
                    Object _ =
                            house.server.invoke(
                                    good.bean(type),
                                    operation.getName(),
                                    nothing(operation),
                                    GoodArguments.signature(operation));
                } catch (SecurityException _) {
                    refused.add(what);
                } catch (InstanceNotFoundException e) {
                    throw new AssertionError(what, e);
                } catch (JMException _) {
                    // Allowed, and then refused for what is asked.
                }
            }
        }
        return refused;
    }

    private static Object[] nothing(MBeanOperationInfo operation) {
        return Arrays.stream(operation.getSignature())
                .map(parameter -> parameter.getType().equals("int") ? (Object) 0 : "")
                .toArray();
    }

    private List<MBeanOperationInfo> operations(House house, String type) throws Exception {
        return List.of(house.server.getMBeanInfo(good.bean(type)).getOperations());
    }
}
