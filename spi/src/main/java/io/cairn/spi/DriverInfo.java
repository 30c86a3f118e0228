package io.cairn.spi;

import java.util.List;

/**
 * A driver, as operators are told of it before any backend of it is open.
 *
 * @param version the driver's own version
 * @param vendor who answers for it
 * @param description one sentence: what storage it drives
 * @param options every setting it reads
 */
public record DriverInfo(String version, String vendor, String description, List<Option> options) {
    public DriverInfo {
        options = List.copyOf(options);
    }
}
