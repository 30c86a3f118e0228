/** How often each operation ran on each backend, how often it failed and how long it took. */
@NullMarked
package io.cairn.daemon.metric;

import org.jspecify.annotations.NullMarked;
