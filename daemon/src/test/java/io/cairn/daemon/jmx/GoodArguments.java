package io.cairn.daemon.jmx;

import org.jspecify.annotations.Nullable;

import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

import javax.management.MBeanException;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;
import javax.management.ObjectName;

/**
 * For every operation an MBean and arguments with which it succeeds, so that what is wrong with one
 * of them is all that it can fail by.
 */
final class GoodArguments {
    /** The same as the first argument, whatever that is. */
    private static final Object SAME = new Object();

    /** By the name of the parameter. */
    private static final Map<String, Object> USUAL =
            Map.of(
                    "limit", 10,
                    "size", "2GiB",
                    "key", "k",
                    "value", "v",
                    "name", "fresh",
                    "tag", "fresh",
                    "volume", "db1",
                    "snapshot", "db1/one");

    /** By the type of the MBean, the operation and the parameter, where it is not as usual. */
    private final Map<String, Object> arguments = new HashMap<>();

    /** By the type of the MBean and the operation, where it is not that of its type. */
    private final Map<String, ObjectName> beans = new HashMap<>();

    private final Map<String, ObjectName> usualBeans = new HashMap<>();

    /** Makes in an empty house what the operations need. */
    GoodArguments(House house) throws Exception {
        ObjectName volume = house.volume("db1");
        ObjectName snapshot = house.snapshot(volume, "one");
        house.invoke(snapshot, "createVolume", "copy");
        ObjectName spare = house.volume("spare");
        ObjectName held = house.volume("held");
        house.invoke(held, "hold", "kept");
        ObjectName heldSnapshot = house.snapshot(held, "held");
        house.invoke(heldSnapshot, "hold", "kept");
        ObjectName another = house.volume("another");
        ObjectName connection = House.name((String) house.invoke(another, "connect", "", ""));
        beans.put("Connection.deviceAttached", far(house).orElse(connection));
        house.keyValues.put("k", "v");
        house.invoke(house.volume("gone"), "delete", "gone");
        ObjectName nameless = house.volume("nameless");
        house.unmark(nameless);
        Object _ = house.invoke(House.FAST, "checkBackend");
        Files.write(house.images().resolve("stray.img"), new byte[4096]);
        String json = (String) house.invoke(BeanNames.DAEMON, "exportState", "");
        house.invoke(BeanNames.DAEMON, "exportStateTo", "", "kept.json");

        usualBeans.put("Daemon", BeanNames.DAEMON);
        usualBeans.put("Backend", House.FAST);
        usualBeans.put("Pool", BeanNames.pool("fast", "default"));
        usualBeans.put("Volume", volume);
        usualBeans.put("Snapshot", snapshot);
        usualBeans.put("Connection", connection);
        for (String deletes : new String[] {"delete", "unmanage"}) {
            beans.put("Volume." + deletes, spare);
            arguments.put("Volume." + deletes + ".name", "spare");
        }
        beans.put("Volume.release", held);
        beans.put("Snapshot.release", heldSnapshot);
        for (String type : new String[] {"Volume", "Snapshot"}) {
            arguments.put(type + ".release.tag", "kept");
            arguments.put(type + ".setLabel.key", "colour");
            arguments.put(type + ".removeLabel.key", "colour");
            arguments.put(type + ".connect.host", "");
        }
        for (String typed :
                new String[] {"deleteWithSnapshots", "revert", "cleanup", "forgetUnfinished"}) {
            arguments.put("Volume." + typed + ".name", "db1");
        }
        arguments.put("Volume.attach.mode", "rw");
        arguments.put("Volume.revert.snapshot", "one");
        arguments.put("Snapshot.delete.name", "one");
        for (String twice :
                new String[] {
                    "Backend.deleteVolume",
                    "Backend.deleteSnapshot",
                    "Backend.deleteVolumeWithSnapshots",
                    "Backend.purge",
                    "Backend.purgeUnread",
                    "Backend.repair",
                    "Backend.revertVolume",
                    "Daemon.closeBackend",
                    "Daemon.handOverBackend",
                    "Daemon.forgetBackend",
                    "Daemon.forgetUnfinished"
                }) {
            arguments.put(twice + ".confirm", SAME);
            if (twice.endsWith("Backend")) {
                arguments.put(twice + ".name", "fast");
            }
        }
        arguments.put("Backend.setVolumeLabel.key", "colour");
        arguments.put("Backend.removeVolumeLabel.key", "colour");
        arguments.put("Backend.deleteVolume.volume", "spare");
        arguments.put("Backend.restore.which", "gone");
        arguments.put("Backend.purge.which", "gone");
        arguments.put("Backend.purgeUnread.which", "gone");
        arguments.put("Backend.emptyTrash.confirm", "fast");
        arguments.put("Backend.repair.id", house.get(nameless, "Id"));
        arguments.put("Backend.revertVolume.snapshot", "one");
        arguments.put("Backend.createGroupSnapshot.volumes", "db1,spare");
        for (String adopts : new String[] {"adopt", "adoptWith"}) {
            arguments.put("Backend." + adopts + ".path", "stray.img");
        }
        arguments.put("Daemon.handOverBackend.daemon", new UUID(7, 7).toString());
        arguments.put("Daemon.find.id", house.get(volume, "Id"));
        arguments.put("Daemon.forgetUnfinished.id", house.get(volume, "Id"));
        arguments.put("Daemon.exportStateTo.file", "fresh.json");
        arguments.put("Daemon.exportStateWithSecretsTo.file", "fresh.json");
        arguments.put("Daemon.rebuildState.backend", "fast");
        arguments.put("Daemon.rebuildState.mode", "dry-run");
        arguments.put("Daemon.importState.text", json);
        arguments.put("Daemon.importState.mode", "dry-run");
        arguments.put("Daemon.importStateFrom.file", "kept.json");
        arguments.put("Daemon.importStateFrom.mode", "dry-run");
        arguments.put("Daemon.validateConnector.protocol", "iscsi");
        arguments.put(
                "Daemon.validateConnector.connector",
                "host=far,initiator=iqn.2026-01.io.example:far");
        arguments.put("Connection.deviceAttached.path", "/dev/nbd0");
    }

    /** A connection of another host, where a server for that is installed. */
    private static Optional<ObjectName> far(House house) throws Exception {
        ObjectName volume = house.volume("far");
        try {
            return Optional.of(House.name((String) house.invoke(volume, "connect", "far", "")));
        } catch (MBeanException e) {
            if (String.valueOf(e.getMessage()).startsWith("UNSUPPORTED: ")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** What is served to another host outlives the house, and is not always wanted. */
    static void disconnectFar(House house) throws Exception {
        Object _ = house.invoke(BeanNames.volume("fast", "far"), "cleanup", "far");
    }

    /** An MBean of another type. */
    void add(String type, ObjectName bean) {
        usualBeans.put(type, bean);
    }

    ObjectName bean(String type, MBeanOperationInfo operation) {
        return beans.getOrDefault(type + "." + operation.getName(), bean(type));
    }

    /** The one that most operations of a type are invoked on. */
    ObjectName bean(String type) {
        ObjectName usual = usualBeans.get(type);
        if (usual == null) {
            throw new IllegalArgumentException("nothing is known of MBeans of type " + type);
        }
        return usual;
    }

    /**
     * @param at which of the arguments is replaced; below zero for none
     * @param instead what by
     */
    @Nullable Object[] of(
            String type, MBeanOperationInfo operation, int at, @Nullable Object instead) {
        MBeanParameterInfo[] parameters = operation.getSignature();
        @Nullable Object[] all = new @Nullable Object[parameters.length];
        for (int i = 0; i < parameters.length; i++) {
            Object good = good(type, operation, parameters[i]);
            all[i] = i == at ? instead : good.equals(SAME) ? all[0] : good;
        }
        return all;
    }

    private Object good(String type, MBeanOperationInfo operation, MBeanParameterInfo parameter) {
        Object chosen =
                arguments.get("%s.%s.%s".formatted(type, operation.getName(), parameter.getName()));
        if (chosen != null) {
            return chosen;
        }
        Object usual = USUAL.get(parameter.getName());
        if (usual != null) {
            return usual;
        }
        return switch (parameter.getType()) {
            case "int" -> 10;
            case "long" -> 10L;
            case "boolean" -> false;
            default -> "";
        };
    }

    static String[] signature(MBeanOperationInfo operation) {
        MBeanParameterInfo[] parameters = operation.getSignature();
        String[] signature = new String[parameters.length];
        for (int i = 0; i < parameters.length; i++) {
            signature[i] = parameters[i].getType();
        }
        return signature;
    }
}
