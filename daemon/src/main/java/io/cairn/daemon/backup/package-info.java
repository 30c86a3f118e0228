/**
 * Backups of the state: copies of its database that are made while the daemon works, verified by
 * being opened, and kept in a folder of their own; and their way back.
 *
 * <pre>
 * state-2026-12-01T13-05-11Z/   a backup, named by the instant of which it is, in UTC; with -2 and so
 *                               on behind it where that name is taken
 *   state.data, ...             the database's files, as a crash at that instant would have left them
 *   manifest                    what the backup is and the checksums of its files, in the format of
 *                               sha256sum: {@code sha256sum -c manifest} checks them
 * .making-ID, .checking-ID, .removing-ID
 *                               what is being made, opened to be verified, or removed; the next backup
 *                               removes what a killed daemon left of them
 * .lock                         held while a backup is made
 * </pre>
 *
 * <p>A folder gets its name when all in it is durable and verified, so that what looks like a
 * backup is one. Which is newer the manifests say by a number that each takes from the one before:
 * a clock that was set back changes no order.
 *
 * <p>The copy is of the database's own files, taken while they change ({@link
 * io.cairn.daemon.store.StateStore#copyTo}). HSQLDB's own {@code BACKUP DATABASE} would hold all
 * changes for as long as it copies; reading all rows of one instant would take longer still, and a
 * state that is made of them anew minutes; and copying files that lie still would mean to let
 * nothing change meanwhile. This way changes wait for one checkpoint.
 */
@NullMarked
package io.cairn.daemon.backup;

import org.jspecify.annotations.NullMarked;
