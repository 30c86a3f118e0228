/**
 * The tests every driver must pass. A driver's own test class extends {@link
 * io.cairn.tck.BaseDriverTest}, says how its driver is opened on fresh storage, and adds what only
 * it has.
 */
@NullMarked
package io.cairn.tck;

import org.jspecify.annotations.NullMarked;
