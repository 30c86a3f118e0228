/**
 * The daemon's state: one HSQLDB database in the daemon's own process, opened in such a way that
 * nothing that was acknowledged is ever lost.
 *
 * <p>{@link io.cairn.daemon.store.StateStore} is the way in. It knows nothing of volumes: whoever
 * uses it brings the schema, the changes and the queries.
 */
@NullMarked
package io.cairn.daemon.store;

import org.jspecify.annotations.NullMarked;
