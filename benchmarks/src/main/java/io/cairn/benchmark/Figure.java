package io.cairn.benchmark;

import java.util.Optional;

/**
 * One row of the report.
 *
 * @param what what was measured
 * @param where the storage and the way of the calls
 * @param existing how many snapshots there were already
 * @param clients how many clients there were
 * @param measured what it came to, with its unit
 * @param floor what the floor came to; empty if there is none
 * @param ratio how many times the floor that is
 * @param remark what else there is to say
 */
record Figure(
        String what,
        String where,
        int existing,
        int clients,
        String measured,
        String floor,
        Optional<Double> ratio,
        String remark) {
    static Table table() {
        return new Table(
                "MEASURED", "WHERE", "SNAPSHOTS", "CLIENTS", "CAIRN", "FLOOR", "RATIO", "REMARK");
    }

    void addTo(Table table) {
        table.add(
                what,
                where,
                "%,d".formatted(existing),
                clients == 0 ? "" : "%d".formatted(clients),
                measured,
                floor,
                ratio.map("%.2f"::formatted).orElse(""),
                remark);
    }
}
