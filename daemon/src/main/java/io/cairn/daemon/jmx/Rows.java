package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.ObjectState;

import java.util.List;

import javax.management.ObjectName;

/** The rows and pages that lists return. Clients get them as flat CompositeData. */
final class Rows {
    private static final String NEXT =
            "What to pass as continuation to get the rows after these; empty if these are the last";

    private Rows() {}

    @Description("A volume")
    record VolumeRow(
            @Description("Its MBean") ObjectName objectName,
            @Description("Its UUID") String id,
            @Description("Its backend's name") String backend,
            @Description("The pool it lies in; empty while it is being created") String pool,
            @Description("Its name, unique in its backend") String name,
            @Description("Its size in bytes") long sizeBytes,
            @Description("The state, as of the MBean's attribute State") String state,
            @Description("The state as a number: " + ObjectState.CODES) int stateCode,
            @Description("When its creation was asked for, ISO-8601 in UTC") String createdAt,
            @Description("The same in milliseconds since 1970") long createdAtMs,
            @Description("Its description") String description,
            @Description("Its labels as key=value,key=value") String labels,
            @Description("How many snapshots it has") long snapshotCount) {}

    @Description("A snapshot")
    record SnapshotRow(
            @Description("Its MBean") ObjectName objectName,
            @Description("Its UUID") String id,
            @Description("Its backend's name") String backend,
            @Description("Its volume's name") String volume,
            @Description("Its name, unique in its volume") String name,
            @Description("Its volume's size in bytes when it was cut") long sizeBytes,
            @Description("The state, as of the MBean's attribute State") String state,
            @Description("The state as a number: " + ObjectState.CODES) int stateCode,
            @Description("The instant it was cut, ISO-8601 in UTC") String createdAt,
            @Description("The same in milliseconds since 1970") long createdAtMs,
            @Description("Its description") String description,
            @Description("Its labels as key=value,key=value") String labels) {}

    @Description("A part of a list of volumes")
    record VolumePage(
            @Description("The volumes") List<VolumeRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("A part of a list of snapshots")
    record SnapshotPage(
            @Description("The snapshots") List<SnapshotRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("A text that a caller keeps here")
    record ValueRow(@Description("Its key") String key, @Description("The text") String value) {}

    @Description("A part of a list of values, in the order of their keys")
    record ValuePage(
            @Description("The values") List<ValueRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("A change that was begun and is not known to be finished")
    record UnfinishedRow(
            @Description("The backend's name") String backend,
            @Description("The operation and its object") String what,
            @Description("The UUID of the volume that it keeps from other changes") String volumeId,
            @Description("When it was begun, ISO-8601 in UTC") String since,
            @Description("How long ago that was, in milliseconds") long ageMs,
            @Description("Whether it is being carried out at this moment") boolean running,
            @Description("Why it is not finished; empty if it was not tried yet")
                    String lastError) {}

    @Description("A line of the audit")
    record AuditRow(
            @Description("When it was written, ISO-8601 in UTC") String at,
            @Description("Who did what from where, with which arguments, and how it ended")
                    String line) {}

    @Description("A backend")
    record BackendRow(
            @Description("Its MBean") ObjectName objectName,
            @Description("Its name") String name,
            @Description("Its driver's name") String driver,
            @Description("up or down") String state,
            @Description("The state as a number: 1 up, 2 down") int stateCode,
            @Description("Why it is down; empty if it is up") String stateReason,
            @Description("The space of all its pools in bytes") long totalBytes,
            @Description("What is free of it in bytes") long freeBytes,
            @Description("The sizes of its volumes together in bytes") long provisionedBytes,
            @Description("How many times the space that is; 0 if the space is not known yet")
                    double oversubscriptionRatio,
            @Description("thin or thick; empty if not known yet") String provisioning,
            @Description("How many volumes it has") long volumeCount,
            @Description("How many snapshots it has") long snapshotCount,
            @Description("How many changes of it are not finished") long unfinishedCount) {}

    @Description("What became of one plugin folder")
    record PluginRow(
            @Description("The folder's name") String folder,
            @Description("Whether its drivers can be used") boolean loaded,
            @Description("What it brings, or why it brings nothing") String message) {}

    @Description("A host's access to a volume or a snapshot")
    record ConnectionRow(
            @Description("Its MBean") ObjectName objectName,
            @Description("Its UUID") String id,
            @Description("The backend's name") String backend,
            @Description("The volume's name") String volume,
            @Description("The snapshot's name; empty if it is to the volume itself")
                    String snapshot,
            @Description("The name of the host that has access") String host,
            @Description("rw or ro") String mode,
            @Description("How it has access") String protocol,
            @Description("The state of the connection") String state,
            @Description("The state as a number: " + Connection.State.CODES) int stateCode,
            @Description("The path of the block device on the host; empty if not attached")
                    String device,
            @Description("When it was asked for, ISO-8601 in UTC") String createdAt) {}

    @Description("A part of a list of connections, newest first")
    record ConnectionPage(
            @Description("The connections") List<ConnectionRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("A tag that protects an object from being deleted")
    record HoldRow(
            @Description("The tag") String tag,
            @Description("Who put it there") String heldBy,
            @Description("When, ISO-8601 in UTC") String heldAt) {}

    @Description("A volume or snapshot that was deleted")
    record DeletedRow(
            @Description("volume or snapshot") String kind,
            @Description("Its UUID") String id,
            @Description("The backend's name") String backend,
            @Description("Its volume's name, or its own if it was a volume") String volume,
            @Description("Its name") String name,
            @Description("Its size in bytes") long sizeBytes,
            @Description("deleted") String state,
            @Description("The state as a number: 9") int stateCode,
            @Description("When it was made, ISO-8601 in UTC") String createdAt,
            @Description("When it was deleted, ISO-8601 in UTC") String deletedAt,
            @Description("Its description") String description,
            @Description("Its labels as key=value,key=value") String labels) {}

    @Description("A part of a list of what was deleted, the last first")
    record DeletedPage(
            @Description("What was deleted") List<DeletedRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("A volume or snapshot that was deleted and can be brought back")
    record TrashRow(
            @Description("volume or snapshot") String kind,
            @Description("Its UUID") String id,
            @Description("Its volume's name then, or its own if it was a volume") String volume,
            @Description("Its volume's UUID, or its own if it was a volume") String volumeId,
            @Description("Its name") String name,
            @Description("Its size in bytes") long sizeBytes,
            @Description("When it was made, ISO-8601 in UTC") String createdAt,
            @Description("When it was deleted, ISO-8601 in UTC") String deletedAt,
            @Description("Whether it is being deleted for good, and cannot be brought back")
                    boolean going) {}

    @Description("A part of a list of what is in the trash, the last deleted first")
    record TrashPage(
            @Description("What is there") List<TrashRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("What lies on a backend and is not Cairn's")
    record UnmanagedRow(
            @Description("What adopt is to be told") String path,
            @Description("Its size in bytes") long sizeBytes,
            @Description("Why it cannot be adopted; empty if it can") String obstacle) {}

    @Description("A driver that backends can use")
    record DriverRow(
            @Description("The word for it in a backend's file") String name,
            @Description("Its version") String version,
            @Description("Who answers for it") String vendor,
            @Description("What storage it drives") String description,
            @Description("The folder of the plugin that brings it") String plugin,
            @Description("How many settings it has") int optionCount,
            @Description("Its settings") List<OptionRow> options) {}

    @Description("A setting of a driver")
    record OptionRow(
            @Description("Its key in a backend's file") String name,
            @Description("text, integer, boolean, size, duration or path") String type,
            @Description("Whether a backend without it is refused") boolean required,
            @Description("What holds if it is not set; empty if there is none") String fallback,
            @Description("Whether its value is hidden") boolean secret,
            @Description("The values allowed, as a,b; empty if any is") String choices,
            @Description("What it is for") String help) {}

    @Description("A part of a list of what is not Cairn's, in the order of its paths")
    record UnmanagedPage(
            @Description("What lies there") List<UnmanagedRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("A part of a volume's content")
    record ChangedRangeRow(
            @Description("Where it begins, in bytes") long offsetBytes,
            @Description("How long it is, in bytes") long lengthBytes) {}

    @Description("A part of a list of what changed, in the order of the bytes")
    record ChangedRangePage(
            @Description("What changed") List<ChangedRangeRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("Something about which the state and the backend disagree")
    record DriftRow(
            @Description(
                            "missing, orphaned, size, mark, connection, foreign or unreadable; README.md says what each means")
                    String kind,
            @Description("The object's UUID; empty if it could not be read") String id,
            @Description("The object") String what,
            @Description("What is recorded of it and what is there") String detail,
            @Description("What can be done about it") String remedy) {}

    @Description("A part of a list of differences")
    record DriftPage(
            @Description("The differences") List<DriftRow> rows,
            @Description(NEXT) String continuation) {}

    @Description("A backup of the state")
    record BackupRow(
            @Description("Its name, which is its folder's in backup.folder") String name,
            @Description("A number larger than that of every one before; 0 if it cannot be read")
                    long sequence,
            @Description("The instant of which it is, ISO-8601 in UTC, by the clock of then")
                    String at,
            @Description("What its files take in bytes") long sizeBytes,
            @Description("How many volumes the state had then") long volumeCount,
            @Description("How many snapshots the state had then") long snapshotCount,
            @Description("Whether it counts: it was verified, and is not known to be damaged")
                    boolean good,
            @Description("Why it does not count; empty if it does") String problem) {}

    @Description("A label")
    record LabelRow(@Description("Its key") String key, @Description("Its value") String value) {}
}
