package io.cairn.daemon.jmx;

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
            @Description("creating, available or deleting") String state,
            @Description("The state as a number: 1 creating, 2 available, 3 deleting")
                    int stateCode,
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
            @Description("creating, available or deleting") String state,
            @Description("The state as a number: 1 creating, 2 available, 3 deleting")
                    int stateCode,
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

    @Description("A label")
    record LabelRow(@Description("Its key") String key, @Description("Its value") String value) {}
}
