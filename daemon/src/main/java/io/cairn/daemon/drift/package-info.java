/**
 * Whether the state and the backends still agree: a check goes through all that is recorded of a
 * backend and all that is there, while work goes on, and tells what differs. It changes nothing.
 *
 * <p>What it sees in passing may be changing at that moment, so it only suspects: each suspect is
 * looked at once more while nobody else may change it, and only what is then still so is told.
 */
@NullMarked
package io.cairn.daemon.drift;

import org.jspecify.annotations.NullMarked;
