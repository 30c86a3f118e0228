/**
 * The drivers: {@link io.cairn.daemon.driver.Plugins} loads and isolates them, {@link
 * io.cairn.daemon.driver.Backends} opens the configured backends, and each {@link
 * io.cairn.daemon.driver.Backend} carries calls to its driver on a lane of its own, so that one
 * that hangs slows nothing else.
 */
@NullMarked
package io.cairn.daemon.driver;

import org.jspecify.annotations.NullMarked;
