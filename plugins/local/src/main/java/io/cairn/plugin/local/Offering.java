package io.cairn.plugin.local;

import io.cairn.spi.Attachment;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.Optional;

/**
 * One protocol by which block devices of this host are offered to others. What is offered outlives
 * the daemon, and all that is known of it is what is there. Calls for one target are made one at a
 * time.
 */
public interface Offering {
    String protocol();

    /** What this host lacks for it, and how it is had; empty if it lacks nothing. */
    Optional<String> obstacle();

    /** Whether it keeps others from mounting what it offers. */
    boolean claims();

    /** Whether the target is offered at all, also half, as by a call that was killed. */
    boolean anyFor(Target target) throws OsException, IOException;

    /** Whether any host but that of one connection may write to the target. */
    boolean anyWriting(Target target, ConnectionId except) throws OsException, IOException;

    /** What is offered for a connection, if it serves. */
    Optional<Offer> serving(ConnectionId id, Target target) throws OsException, IOException;

    /**
     * Offers a device as a target, for a connection for which nothing serves; what a killed call
     * left of that is finished or made anew.
     */
    Offer start(ExportSpec spec, Attachment device)
            throws OsException, InterruptedException, IOException;

    /** Takes back whatever is there for a connection. Who uses it loses it. */
    void stop(ConnectionId id, Target target) throws OsException, InterruptedException, IOException;

    /**
     * Asks before a target grows.
     *
     * @throws OsException IN_USE if who is connected anew would not see that it did
     */
    void checkGrowable(Target target) throws OsException, IOException;

    /** Has hosts be told that a target has grown. */
    void grown(Target target) throws OsException, IOException;
}
