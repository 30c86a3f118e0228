/**
 * Texts that callers keep here under keys of their own, as users of cinderlib keep them in its
 * persistence: what they would else need a database for beside Cairn.
 *
 * <p>{@link io.cairn.daemon.keyvalue.KeyValues} is the one door.
 */
@NullMarked
package io.cairn.daemon.keyvalue;

import org.jspecify.annotations.NullMarked;
