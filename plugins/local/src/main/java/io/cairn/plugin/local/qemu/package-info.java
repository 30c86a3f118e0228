/**
 * Volumes and snapshots that a {@code qemu-storage-daemon} has open and serves: one process for
 * each target in use, which outlives the daemon, so that its end is that of one target. Each is
 * found again by its pid file and command line; nothing else is remembered.
 *
 * <p>It serves NBD, to hosts and to {@code nbdfuse}, which shows the content as a file of which a
 * loop device is made. What is opened, and what else is to be done about it, the driver says.
 */
@NullMarked
package io.cairn.plugin.local.qemu;

import org.jspecify.annotations.NullMarked;
