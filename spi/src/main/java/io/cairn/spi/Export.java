package io.cairn.spi;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a host needs to know to use an export.
 *
 * @param protocol one of {@link Exporting#protocols}
 * @param info all that a client of the protocol must be told, by the field's usual words, such as
 *     {@code uri}
 * @param secrets those keys of {@code info} that only the host may see
 */
public record Export(String protocol, Map<String, String> info, Set<String> secrets) {
    public Export {
        info = Map.copyOf(info);
        secrets = Set.copyOf(secrets);
        if (!info.keySet().containsAll(secrets)) {
            throw new IllegalArgumentException("secrets that are not there: " + secrets);
        }
    }

    /** As for an operator or a log: without the secrets' values. */
    @Override
    public String toString() {
        TreeMap<String, String> shown = new TreeMap<>(info);
        secrets.forEach(secret -> shown.put(secret, "***"));
        return protocol + " " + shown;
    }
}
