/**
 * The btrfs driver: each volume a subvolume that holds its image, each snapshot a read-only
 * snapshot of that subvolume. Cutting one takes the same time however large or fragmented the image
 * is, where the file driver's reflink takes longer with every fragment. What is in use is cut by a
 * reflink here too, into a subvolume of its own, since the kernel holds no writer off while it
 * snapshots a subvolume.
 *
 * <p>A backend's folder, anywhere on a btrfs:
 *
 * <pre>
 * cairn.backend                       whose folder it is; locked while the backend is open
 * volumes/VOLUME/volume/image         a volume; it exists if and only if this subvolume does
 * volumes/VOLUME/volume.new/image     a volume being made, or what it held before it was reverted
 * volumes/VOLUME/SNAPSHOT.snap/image  a snapshot; it exists if and only if this subvolume does
 * volumes/VOLUME/SNAPSHOT.half/image  a snapshot of a volume in use, being made
 * volumes/VOLUME/released             a file that the volume is to become
 * volumes/VOLUME/SNAPSHOT.mark        the label that a snapshot got since it was cut
 * snapshots/                          empty; its attributes are the {@link Claims}
 * exports/...                         as {@link io.cairn.plugin.local.Servers} has them
 * anything else                       not Cairn's; files can be adopted
 * </pre>
 *
 * <p>A file becomes a volume by being cloned into one, and is removed once that is durable. Until
 * then it has the volume's label, so that whoever finds both knows that they are one.
 *
 * <p>Nothing is ever written into a snapshot, which would end what it was received from. So what it
 * is called is written as an attribute of the volume's image before it is cut, goes into the
 * snapshot with everything else, and is replaced by the label of a file beside it.
 *
 * <p>The kernel commits the file system when it cuts a snapshot and when it protects a subvolume,
 * and whatever was changed before is durable with that. When it makes an empty subvolume, it does
 * so no more since Linux 6.5.
 */
@NullMarked
package io.cairn.plugin.btrfs;

import org.jspecify.annotations.NullMarked;
