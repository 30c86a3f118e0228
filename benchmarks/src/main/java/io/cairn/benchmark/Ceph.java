package io.cairn.benchmark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A Ceph cluster for the RBD driver, as {@code etc/testbeds/ceph-one-node run} tells of it: which
 * configuration, user and pool.
 */
record Ceph(String conf, String user, String pool) {
    /** For the table's floor, and what a script would call. */
    static final String TOOL = "rbd";

    /** The one that this runs beside. */
    static Optional<Ceph> here() {
        Map<String, String> environment = System.getenv();
        String conf = environment.getOrDefault("CEPH_CONF", "");
        String user = environment.getOrDefault("CEPH_ID", "");
        String pool = environment.getOrDefault("CEPH_POOL", "");
        return conf.isEmpty() || user.isEmpty() || pool.isEmpty()
                ? Optional.empty()
                : Optional.of(new Ceph(conf, user, pool));
    }

    static boolean possible() {
        return here().isPresent() && Files.isExecutable(Path.of("/usr/bin", TOOL));
    }

    /** The driver's settings. */
    Map<String, String> settings() {
        return Map.of("pool", pool, "ceph.conf", conf, "user", user);
    }

    /** How its tools are told. */
    List<String> words() {
        return List.of("--conf", conf, "--id", user);
    }
}
