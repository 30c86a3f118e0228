package io.cairn.spi;

import java.util.List;

/**
 * Work that a backend goes on with after the calls that made it necessary have returned, such as
 * giving back the space of what was deleted. It waits for no call, and no call waits for it.
 */
public interface Background {
    /**
     * What is being done at the moment, and what waits as far as that is known; empty at rest.
     * Never blocks.
     */
    List<Chore> chores();
}
