package io.cairn.spi;

import java.util.Optional;

/**
 * Block devices on the daemon's own host. They outlive the daemon; a restart of the host takes them
 * away. Calls for one volume and its snapshots are made one at a time, as in {@link Driver}.
 */
public interface Attaching {
    /**
     * Makes a block device of a target. What is attached as asked is returned as it is; a
     * snapshot's device is always read-only.
     *
     * @throws DriverException NOT_FOUND if there is no such target; CONFLICT if it is attached the
     *     other way, read-only or not; IN_USE if another use of it forbids this one; UNSUPPORTED if
     *     this host cannot, or not with its size
     */
    Attachment attach(Target target, boolean readOnly) throws DriverException, InterruptedException;

    /**
     * Takes the device away once all that was written to it is durable. Succeeds where there is
     * none.
     *
     * @throws DriverException IN_USE while anybody has the device open, such as a mounted file
     *     system; it then stays as it was
     */
    void detach(Target target) throws DriverException, InterruptedException;

    /** How a target is attached at the moment; empty if it is not. */
    Optional<Attachment> attached(Target target) throws DriverException, InterruptedException;
}
