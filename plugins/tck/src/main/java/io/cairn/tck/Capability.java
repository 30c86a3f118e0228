package io.cairn.tck;

import io.cairn.spi.Driver;

/** What only some backends can do, each by an accessor of {@link Driver}. */
public enum Capability {
    GROWING,
    CLONING,
    REVERTING,
    ATTACHING,
    EXPORTING,
    ADOPTING,
    HANDING,
    MEASURING,
    BACKGROUND,
    INSPECTING,
    DIFFERING;

    boolean of(Driver driver) {
        return switch (this) {
            case GROWING -> driver.growing().isPresent();
            case CLONING -> driver.cloning().isPresent();
            case REVERTING -> driver.reverting().isPresent();
            case ATTACHING -> driver.attaching().isPresent();
            case EXPORTING -> driver.exporting().isPresent();
            case ADOPTING -> driver.adopting().isPresent();
            case HANDING -> driver.handing().isPresent();
            case MEASURING -> driver.measuring().isPresent();
            case BACKGROUND -> driver.background().isPresent();
            case INSPECTING -> driver.inspecting().isPresent();
            case DIFFERING -> driver.differing().isPresent();
        };
    }
}
