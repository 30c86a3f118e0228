/** The daemon: puts the parts together, starts and stops them in order. */
@NullMarked
package io.cairn.daemon;

import org.jspecify.annotations.NullMarked;
