/**
 * The host that the daemon runs on, as far as storage is concerned: its name, its addresses, and
 * the names that it has as an initiator.
 */
@NullMarked
package io.cairn.daemon.host;

import org.jspecify.annotations.NullMarked;
