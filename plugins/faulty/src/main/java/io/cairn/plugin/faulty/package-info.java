/**
 * A driver for tests and drills that makes the calls of another one, and has some of them go wrong.
 * No distribution has it: whoever drills puts its jar and that driver's into one plugin folder.
 */
@NullMarked
package io.cairn.plugin.faulty;

import org.jspecify.annotations.NullMarked;
