package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.OsException;

import java.io.IOException;

/**
 * The content of an upper layer on its way into the one below, through which nobody reads but by
 * the upper one: what that reads as does not change.
 */
interface Moving extends Chores.Merge {
    /**
     * Works until it is done, and the lower layer has taken the upper one's place.
     *
     * @return false if it was stopped, or could not begin since others have a layer open
     */
    boolean run() throws OsException, IOException, InterruptedException;
}
