/**
 * The driver for Ceph RBD. A volume is an image of one pool, or of one namespace of a pool, named
 * {@code cairn-v-ID}, and a snapshot is a snapshot of that image, named by its id. What Cairn must
 * find again is in small objects beside them ({@link io.cairn.plugin.rbd.Cards}): the mark, when it
 * was cut, what it was made from. The object {@code cairn.backend} says whose the pool is.
 *
 * <p>All is called in librados and librbd ({@link io.cairn.plugin.rbd.Library}). The connection
 * stays; images are open for as long as a call takes, since whoever has one open keeps it from
 * being removed.
 *
 * <p>The card of a volume is made after its image, and that of a snapshot before it is cut, so that
 * either is there whole or not at all. A revert, which Ceph does piece by piece, is noted on the
 * volume's card before it begins and is finished by whoever comes across that. An image that is
 * adopted has a card first, which says that it is no volume yet, and is renamed then.
 *
 * <p>What is attached is a device of the kernel's own client of Ceph where there is that ({@link
 * io.cairn.plugin.rbd.KernelDevices}). Else, and where it is exported by NBD, it is open in a
 * {@code qemu-storage-daemon} of its own, which is another client of Ceph's too, and outlives the
 * daemon as the kernel does. What is exported by Ceph's protocol is named on the volume's card.
 */
@NullMarked
package io.cairn.plugin.rbd;

import org.jspecify.annotations.NullMarked;
