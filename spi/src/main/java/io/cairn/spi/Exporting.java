package io.cairn.spi;

import java.util.Optional;
import java.util.Set;

/**
 * Targets offered to other hosts, or to other programs of this one, by a protocol of the network.
 * Exports outlive the daemon where the storage allows it; a restart of the host may take them away.
 * Calls for one volume and its snapshots are made one at a time, as in {@link Driver}.
 */
public interface Exporting {
    /** The protocols that can be had here now, such as {@code nbd}; known since it was opened. */
    Set<String> protocols();

    /**
     * Offers a target. What is exported for the connection already is returned as it is.
     *
     * @throws DriverException NOT_FOUND if there is no such target; CONFLICT if it is exported for
     *     the connection with the other access, read-only or not; IN_USE if another use of it
     *     forbids this one; UNSUPPORTED if the protocol is none of {@link #protocols}
     */
    Export export(ExportSpec spec) throws DriverException, InterruptedException;

    /** Takes an export back; the host loses its access. Succeeds where there is none. */
    void unexport(ConnectionId id, Target target) throws DriverException, InterruptedException;

    /** An export that is there and serves at the moment; empty if none does. */
    Optional<Export> exported(ConnectionId id, Target target)
            throws DriverException, InterruptedException;
}
