/**
 * What drivers have in common that keep volumes as files of this host: the kernel's calls, the
 * claim of a folder, labels of files, loop devices, and servers of exports. It is no plugin; each
 * of those that use it brings a copy of its own.
 */
@NullMarked
package io.cairn.plugin.local;

import org.jspecify.annotations.NullMarked;
