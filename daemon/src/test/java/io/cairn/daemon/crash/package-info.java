/**
 * Kills a real daemon while clients use it, and holds what they were told against what is there
 * after the next start: with the file driver on XFS and ext4, with the btrfs driver, with the qcow2
 * driver on ext4, and in a virtual machine with the LVM driver. At times the machine loses its
 * power too, though not the virtual one, or what serves a volume of the qcow2 driver is killed
 * besides, or the commands that the daemon runs die with it.
 */
@NullMarked
package io.cairn.daemon.crash;

import org.jspecify.annotations.NullMarked;
