package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.ConnectionPage;
import io.cairn.daemon.jmx.Rows.DeletedPage;
import io.cairn.daemon.jmx.Rows.UnmanagedPage;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Deleted;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.Unmanaged;

import java.util.Comparator;
import java.util.List;

/** What of a backend is listed by the backend alone. Safe for many threads. */
class BackendLists {
    /** Begins the continuations of what is unmanaged. */
    private static final String AFTER = "after:";

    private final Volumes volumes;
    private final String backend;

    BackendLists(Volumes volumes, String backend) {
        this.volumes = volumes;
        this.backend = backend;
    }

    @ReadOperation(
            value =
                    "What lies on the backend and is not Cairn's, in the order of its paths, a page at a time; asks the driver",
            role = Role.OPERATOR)
    UnmanagedPage listUnmanaged(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return Texts.unmanaged(unmanaged(limit, continuation));
    }

    @ReadOperation(value = "The same as a table in plain text", role = Role.OPERATOR)
    String listUnmanagedText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException, InterruptedException {
        return Texts.unmanagedTable(unmanaged(limit, continuation));
    }

    @ReadOperation(
            "The connections of hosts to the backend's volumes and snapshots, newest first, a page at a time")
    ConnectionPage listConnections(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        Page<Connection> page = connections(limit, continuation);
        return new ConnectionPage(
                page.items().stream().map(Texts::row).toList(), page.continuation());
    }

    @ReadOperation("The same connections as a table in plain text")
    String listConnectionsText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        return Texts.connectionTable(connections(limit, continuation));
    }

    @ReadOperation("What was deleted and is still remembered, the last first, a page at a time")
    DeletedPage listDeleted(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        return Texts.deleted(deletedPage(limit, continuation));
    }

    @ReadOperation("The same as a table in plain text")
    String listDeletedText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        return Texts.deletedTable(deletedPage(limit, continuation));
    }

    /** The continuation is the last path, so that it stays right whatever comes and goes. */
    private Page<Unmanaged> unmanaged(int limit, String continuation)
            throws OperationException, InterruptedException {
        int most = Requests.limit(limit);
        if (!continuation.isEmpty() && !continuation.startsWith(AFTER)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no continuation: pass the one that the page before it came with, or nothing"
                            .formatted(Names.shortened(continuation)));
        }
        List<Unmanaged> rest =
                volumes.unmanaged(backend).stream()
                        .filter(one -> (AFTER + one.path()).compareTo(continuation) > 0)
                        .sorted(Comparator.comparing(Unmanaged::path))
                        .toList();
        boolean more = rest.size() > most;
        List<Unmanaged> items = more ? rest.subList(0, most) : rest;
        return new Page<>(items, more ? AFTER + items.getLast().path() : "");
    }

    private Page<Connection> connections(int limit, String continuation) throws OperationException {
        return volumes.connections().of(backend, Requests.limit(limit), continuation.strip());
    }

    private Page<Deleted> deletedPage(int limit, String continuation) throws OperationException {
        return volumes.tombstones().list(backend, Requests.limit(limit), continuation.strip());
    }
}
