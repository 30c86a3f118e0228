/**
 * The driver for thin pools and plain volume groups of LVM.
 *
 * <p>In a thin pool a volume and a snapshot are thin volumes of it, named {@code cairn-v-ID} and
 * {@code cairn-s-ID}, and all that Cairn must find again is in their tags ({@link
 * io.cairn.plugin.lvm.Tags}): the mark, when it was cut, which volume it is of. The pool itself
 * bears whose it is.
 *
 * <p>Commands go to one {@code lvm} that stays ({@link io.cairn.plugin.lvm.Shell}), one at a time;
 * what is asked often, such as how full the pool is and whether a volume is active, the kernel is
 * asked directly ({@link io.cairn.plugin.lvm.DeviceMapper}). Only what is attached or exported is
 * active ({@link io.cairn.plugin.lvm.Activation}).
 *
 * <p>A command of LVM's is a change of the group's metadata as a whole, so that whoever is killed
 * leaves the one state or the other, but for three things, which {@link io.cairn.plugin.lvm.Lookup}
 * puts right when it comes across them: a volume that is in the metadata and was not made yet in
 * the kernel; {@code cairn-n-ID}, which was to become a volume, or its new content; and {@code
 * cairn-o-ID}, what a volume held until it went back to a snapshot.
 *
 * <p>In a plain group ({@link io.cairn.plugin.lvm.PlainDriver}) a volume is linear and a snapshot
 * is copied on write, by the same names and tags, and both are active together. Content is written
 * here, outside of LVM's turn, and each piece of that work has a name or a tag that says what it
 * is, for whoever goes on after a kill: {@code cairn-n-ID}, which is to become a volume or a part
 * of one and is not whole yet; {@code cairn-t-ID}, the snapshot that it is copied from; {@code
 * cairn-d-ID}, which is being wiped; and {@code cairn.reverting}, a volume that is going back to a
 * snapshot. {@link io.cairn.plugin.lvm.PlainLookup} puts right what cannot wait for a repeat.
 */
@NullMarked
package io.cairn.plugin.lvm;

import org.jspecify.annotations.NullMarked;
