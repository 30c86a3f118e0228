/**
 * Kills a real daemon while clients use it, and holds what they were told against what is there
 * after the next start.
 */
@NullMarked
package io.cairn.daemon.crash;

import org.jspecify.annotations.NullMarked;
