package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;

/**
 * The names of Cairn's MBeans. They are made from ordered strings, since clients that draw a tree
 * go by the order of the keys: type, containers, leaf.
 */
final class BeanNames {
    static final String DOMAIN = "cairn";
    private static final Set<String> VIRTUAL = Set.of("Pool", "Volume", "Snapshot", "Connection");
    static final ObjectName DAEMON = name("type=Daemon");

    /** What a virtual MBean's name says. */
    sealed interface Address {
        String backend();
    }

    record PoolAddress(String backend, String pool) implements Address {}

    record VolumeAddress(String backend, String volume) implements Address {}

    record SnapshotAddress(String backend, String volume, String snapshot) implements Address {}

    record ConnectionAddress(String backend, String volume, String connection) implements Address {}

    private BeanNames() {}

    static ObjectName backend(String backend) {
        return name("type=Backend,backend=" + backend);
    }

    static ObjectName pool(String backend, String pool) {
        return name("type=Pool,backend=" + backend + ",pool=" + pool);
    }

    static ObjectName volume(Volume volume) {
        return volume(volume.backend(), volume.name());
    }

    static ObjectName volume(String backend, String volume) {
        return name("type=Volume,backend=" + backend + ",volume=" + volume);
    }

    static ObjectName snapshot(Snapshot snapshot) {
        return name(
                "type=Snapshot,backend="
                        + snapshot.backend()
                        + ",volume="
                        + snapshot.volumeName()
                        + ",snapshot="
                        + snapshot.name());
    }

    static ObjectName connection(Connection connection) {
        return name(
                "type=Connection,backend="
                        + connection.backend()
                        + ",volume="
                        + connection.volumeName()
                        + ",connection="
                        + connection.id());
    }

    /** What a name says, if it could be that of a virtual MBean; empty for a pattern. */
    static Optional<Address> address(ObjectName name) {
        if (!name.getDomain().equals(DOMAIN) || name.isPattern()) {
            return Optional.empty();
        }
        return switch (String.valueOf(name.getKeyProperty("type"))) {
            case "Pool" ->
                    values(name, "backend", "pool")
                            .map(value -> new PoolAddress(value.get(0), value.get(1)));
            case "Volume" ->
                    values(name, "backend", "volume")
                            .map(value -> new VolumeAddress(value.get(0), value.get(1)));
            case "Snapshot" ->
                    values(name, "backend", "volume", "snapshot")
                            .map(
                                    value ->
                                            new SnapshotAddress(
                                                    value.get(0), value.get(1), value.get(2)));
            case "Connection" ->
                    values(name, "backend", "volume", "connection")
                            .map(
                                    value ->
                                            new ConnectionAddress(
                                                    value.get(0), value.get(1), value.get(2)));
            default -> Optional.empty();
        };
    }

    /** The values of the keys, if the name has these beside its type and no others. */
    private static Optional<List<String>> values(ObjectName name, String... keys) {
        List<String> values = new ArrayList<>();
        for (String key : keys) {
            String value = name.getKeyProperty(key);
            if (value == null || !Names.valid(value)) {
                return Optional.empty();
            }
            values.add(value);
        }
        return name.getKeyPropertyList().size() == keys.length + 1
                ? Optional.of(values)
                : Optional.empty();
    }

    /** Whether nothing may be registered under a name, since virtual MBeans have such names. */
    static boolean reserved(ObjectName name) {
        if (!name.getDomain().equals(DOMAIN)) {
            return false;
        }
        String type = name.getKeyProperty("type");
        return type != null && VIRTUAL.contains(type);
    }

    /** Whether a name is that of an MBean of ours, whichever kind, and whether or not it exists. */
    static boolean ours(ObjectName name) {
        return !name.isPattern() && (reserved(name) || emitter(name));
    }

    /** Whether a name is of a registered MBean of ours: all of them emit notifications. */
    static boolean emitter(ObjectName name) {
        String type = name.getKeyProperty("type");
        return name.getDomain().equals(DOMAIN)
                && type != null
                && (type.equals("Daemon") || type.equals("Backend"));
    }

    private static ObjectName name(String keys) {
        try {
            return ObjectName.getInstance(DOMAIN + ":" + keys);
        } catch (MalformedObjectNameException e) {
            throw new IllegalArgumentException("'%s' cannot be a name".formatted(keys), e);
        }
    }
}
