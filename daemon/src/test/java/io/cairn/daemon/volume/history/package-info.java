/** Storage in memory, to tell what many clients do to it at once. */
@NullMarked
package io.cairn.daemon.volume.history;

import org.jspecify.annotations.NullMarked;
