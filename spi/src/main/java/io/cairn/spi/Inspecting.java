package io.cairn.spi;

import java.util.SortedMap;

/** What a storage knows of its objects beyond what all of them have. */
public interface Inspecting {
    /**
     * What may help an operator to find and to judge a target with the storage's own tools, such as
     * how many layers it consists of. No content is read, and nothing is changed.
     *
     * @return values by lower-case words joined by dashes, which stay the same from version to
     *     version; sizes end in {@code -bytes} and have no unit
     * @throws DriverException NOT_FOUND if there is no such target
     */
    SortedMap<String, String> inspect(Target target) throws DriverException, InterruptedException;
}
