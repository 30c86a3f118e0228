/**
 * Volumes as chains of qcow2 files, on any file system, above all on NFS.
 *
 * <pre>
 *     layers/LAYER.qcow2        what was written, over the layer that its header names, if any
 *     volumes/VOLUME/volume     a card: which layer the volume is written to, and its label
 *     volumes/VOLUME/SNAPSHOT.snap   a card: which layer the snapshot is, and its label
 *     snapshots/SNAPSHOT        a link to that card, since ids of snapshots are unique over all volumes
 *     exports/                  the sockets and mount points of storage daemons
 * </pre>
 *
 * <p>To cut a snapshot, the layer that the volume was written to gets a name, the snapshot's, and
 * is never written again; the volume goes on in an empty layer above it. Volumes made from a
 * snapshot begin so, too. A layer is needed for as long as a card names it or a layer lies above
 * it. What is not needed is removed in the background; where nothing names a layer and just one
 * lies above it, the content of that one is written into it, and it takes that one's place. The
 * upper one reads the same all the time.
 *
 * <p>A card is written under another name ({@code volume.new}, {@code SNAPSHOT.half}, or {@code
 * .next} after the name of one whose place it takes) before anything that it names is made, and
 * renamed once all of it is durable. A layer is kept for either name. So a call may be killed
 * anywhere: what it began is removed, what it ended is whole.
 *
 * <p>An image that is adopted becomes a layer by a rename, once a card ({@code volume.adopted})
 * names that layer. One that is given up is called {@code NAME.going}, or {@code NAME.copied} if it
 * lies over others and a copy goes instead, until it has its NAME in the backend's folder. Both are
 * ended, or taken back, by the next call for that volume, and when the backend is opened.
 *
 * <p>A volume in use is open in a {@code qemu-storage-daemon} of its own, which outlives the
 * daemon. Its card is the first to say in which layer the volume goes on; a storage daemon that was
 * not told is told by the next call that has to do with the volume.
 */
@NullMarked
package io.cairn.plugin.qcow2;

import org.jspecify.annotations.NullMarked;
