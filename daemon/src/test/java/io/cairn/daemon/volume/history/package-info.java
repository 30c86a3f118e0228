/**
 * What many clients saw of the same few volumes at once, and whether it could have been one after
 * another. A {@link io.cairn.daemon.volume.history.Client} does anything, a {@link
 * io.cairn.daemon.volume.history.Recorder} notes what was asked when and what came of it, and an
 * {@link io.cairn.daemon.volume.history.Explanation} looks for an order of all of it in which a
 * {@link io.cairn.daemon.volume.history.World} would have answered the same.
 */
@NullMarked
package io.cairn.daemon.volume.history;

import org.jspecify.annotations.NullMarked;
