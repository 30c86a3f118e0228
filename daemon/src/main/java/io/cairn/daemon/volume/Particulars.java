package io.cairn.daemon.volume;

import java.util.Map;

/**
 * What a volume carries for others and Cairn itself does not act on. The specs go to whoever
 * connects, who is the one to enforce them.
 *
 * @param zone the availability zone; may be empty
 * @param project who owns it; may be empty
 * @param user who in the project owns it; may be empty
 * @param specs extra specs
 * @param qos specs of its quality of service
 */
public record Particulars(
        String zone,
        String project,
        String user,
        Map<String, String> specs,
        Map<String, String> qos) {
    public static final Particulars NONE = new Particulars("", "", "", Map.of(), Map.of());

    public Particulars {
        specs = Map.copyOf(specs);
        qos = Map.copyOf(qos);
    }
}
