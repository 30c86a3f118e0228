package io.cairn.spi;

import java.util.Map;

/**
 * An export to be made.
 *
 * @param id the connection it is for
 * @param readOnly whether the host may only read; always so for a snapshot
 * @param protocol one of {@link Exporting#protocols}
 * @param host what is known of the host that will connect, such as {@code host}, {@code ip} or
 *     {@code initiator}; the words are those of the daemon's connector facts
 */
public record ExportSpec(
        ConnectionId id,
        Target target,
        boolean readOnly,
        String protocol,
        Map<String, String> host) {
    public ExportSpec {
        host = Map.copyOf(host);
        if (target.fixed() && !readOnly) {
            throw new IllegalArgumentException("%s to be written".formatted(target));
        }
    }
}
