package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;

import java.util.Map;
import java.util.TreeMap;

import javax.management.ObjectName;

/** A connection, as it was when it was looked up for one call. */
@Description("A connection: one host's access to a volume or to a snapshot")
final class ConnectionBean {
    private final Volumes volumes;
    private final Connection connection;

    ConnectionBean(Volumes volumes, Connection connection) {
        this.volumes = volumes;
        this.connection = connection;
    }

    @Shown("The connection's UUID")
    String id() {
        return connection.id().toString();
    }

    @Shown("The MBean of the backend")
    ObjectName backend() {
        return BeanNames.backend(connection.backend());
    }

    @Shown("The MBean of the volume that the host has access to, or to a snapshot of")
    ObjectName volume() {
        return BeanNames.volume(connection.backend(), connection.volumeName());
    }

    @Shown("The name of the snapshot that the host has access to; empty if it is the volume")
    String snapshot() {
        return connection.snapshotName();
    }

    @Shown("The name of the host that has access")
    String host() {
        return connection.host();
    }

    @Shown("Whether that is the daemon's own host")
    boolean local() {
        return connection.local();
    }

    @Shown("rw, or ro if the host may only read")
    String mode() {
        return Texts.mode(connection);
    }

    @Shown("How the host has access; local on the daemon's own")
    String protocol() {
        return connection.protocol();
    }

    @Shown(
            "connecting, connected, attaching, attached, detaching, disconnecting, or lost if the device was there and is not any more, as after a reboot")
    String state() {
        return connection.state().toString();
    }

    @Shown("The state as a number: " + Connection.State.CODES)
    int stateCode() {
        return connection.state().code();
    }

    @Shown("The path of the block device on the host; empty if it is not attached")
    String device() {
        return connection.device();
    }

    @Shown("What the host said of itself, as JSON")
    String connector() {
        return Json.text(connection.connector());
    }

    @Shown(
            "What the host must know to attach, as JSON, with secrets as ***; operation connectionInfo tells them")
    String info() {
        return Json.text(told(connection.shownInfo()));
    }

    @Shown("When the connection was asked for, ISO-8601 in UTC")
    String createdAt() {
        return Texts.millis(connection.createdAt());
    }

    @ReadOperation(
            value = "What the host must know to attach, as JSON, with its secrets",
            role = Role.OPERATOR)
    String connectionInfo() {
        return Json.text(told(connection.info()));
    }

    @WriteOperation(
            value = "Makes a block device on the daemon's own host; returns its path",
            role = Role.OPERATOR)
    String attach() throws OperationException, InterruptedException {
        return volumes.connections().attach(connection.id()).device();
    }

    @WriteOperation(
            value =
                    "Notes the path by which another host has attached; returns the connection's ObjectName",
            role = Role.OPERATOR)
    String deviceAttached(
            @Description("The path of the block device on that host, such as /dev/nbd0")
                    String path)
            throws OperationException, InterruptedException {
        return BeanNames.connection(
                        volumes.connections().deviceAttached(connection.id(), path.strip()))
                .toString();
    }

    @WriteOperation(
            value =
                    "Takes the block device away, unless it is open; of another host, notes that it has none any more; returns the connection's ObjectName",
            role = Role.OPERATOR)
    String detach() throws OperationException, InterruptedException {
        return BeanNames.connection(volumes.connections().detach(connection.id())).toString();
    }

    @WriteOperation(
            value = "Takes the host's access away, unless it is attached",
            role = Role.OPERATOR)
    String disconnect() throws OperationException, InterruptedException {
        volumes.connections().disconnect(connection.id());
        return "disconnected " + BeanNames.connection(connection);
    }

    /** Whoever attaches is the one to enforce what the volume's quality of service says. */
    private Map<String, String> told(Map<String, String> info) {
        Map<String, String> all = new TreeMap<>(info);
        all.put("access_mode", Texts.mode(connection));
        all.put("driver_volume_type", connection.protocol());
        volumes.volume(connection.target().volume())
                .map(Volume::particulars)
                .ifPresent(
                        more -> more.qos().forEach((key, value) -> all.put("qos." + key, value)));
        return all;
    }
}
