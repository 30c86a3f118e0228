/**
 * The file driver: each volume a sparse file in a folder of a local file system. Cairn's default,
 * and the driver to read before writing another.
 *
 * <p>A backend's folder:
 *
 * <pre>
 * cairn.backend                  whose folder it is; locked while the backend is open
 * volumes/VOLUME/volume.img      a volume; it exists if and only if this file does
 * volumes/VOLUME/volume.new      a volume being made
 * volumes/VOLUME/SNAPSHOT.snap   a snapshot; it exists if and only if this file does
 * snapshots/SNAPSHOT             the same file again by a hard link; with one link, one being made
 * exports/TARGET.CONNECTION.pid  the server of an export
 * exports/CONNECTION.sock        where it listens
 * anything else                  not Cairn's; files can be adopted
 * </pre>
 *
 * <p>A file gets its lasting name by one atomic call once it is whole. The folder of each volume
 * keeps every listing short, and the second name of a snapshot makes its id unique over all volumes
 * without a search.
 *
 * <p>What deleting a snapshot would free, the file system tells by the extents that its file shares
 * with no other.
 *
 * <p>What is attached and exported, the kernel and the process list tell; nothing is kept of it.
 */
@NullMarked
package io.cairn.plugin.file;

import org.jspecify.annotations.NullMarked;
