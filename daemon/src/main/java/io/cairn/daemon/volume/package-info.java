/**
 * Volumes and snapshots: what they are, and every operation on them.
 *
 * <p>{@link io.cairn.daemon.volume.Volumes} is the one door. A change goes through it the same way
 * each time: the intent is made durable, the driver is called, the result is made durable, and then
 * it is told. Recovery is that same way, walked again.
 */
@NullMarked
package io.cairn.daemon.volume;

import org.jspecify.annotations.NullMarked;
