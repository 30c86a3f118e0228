package io.cairn.plugin.lvm;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which devices LVM looks at: those that the administrator lets it, but for the kinds that volumes
 * are shown as. A guest's own volume group on one of them would be taken for the host's; volumes of
 * LVM itself it leaves out unless {@code scan_lvs} is set.
 *
 * @param patterns as of {@code global_filter} in lvm.conf(5)
 */
record DeviceFilter(List<String> patterns) {
    private static final List<String> SHOWN = List.of("/dev/loop", "/dev/nbd", "/dev/rbd");
    private static final String NAME = "global_filter";
    private static final Pattern QUOTED = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

    /**
     * Accepts everything, as what matches nothing is anyway; before that, it would accept a device
     * left out above by another of its names, such as in /dev/disk/by-id.
     */
    private static final Pattern ALL = Pattern.compile("a(\\W)(\\^?\\.\\*\\$?)?\\1");

    private static final long SECONDS = 30;

    DeviceFilter {
        patterns = List.copyOf(patterns);
    }

    /**
     * What fits the devices of a group.
     *
     * @param lvm the program, which is asked for what the administrator has set
     * @param devices those of the group, which are never left out
     */
    static DeviceFilter of(Path lvm, List<String> devices)
            throws IOException, InterruptedException {
        return of(configured(lvm), devices);
    }

    static DeviceFilter of(String configured, List<String> devices) {
        List<String> patterns = new ArrayList<>();
        for (String kind : SHOWN) {
            if (devices.stream().noneMatch(device -> device.startsWith(kind))) {
                patterns.add("r|^%s|".formatted(kind));
            }
        }
        Matcher found = QUOTED.matcher(configured);
        while (found.find()) {
            if (!ALL.matcher(found.group(1)).matches()) {
                patterns.add(found.group(1));
            }
        }
        return new DeviceFilter(patterns);
    }

    private static String configured(Path lvm) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(
                                lvm.toString(),
                                "lvmconfig",
                                "--typeconfig",
                                "full",
                                "devices/" + NAME)
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("lvm lvmconfig does not say which devices it looks at");
            }
            return said;
        } finally {
            process.destroy();
        }
    }

    /** As a command is given it. */
    String configuration() {
        return "devices{scan_lvs=0 %s=[%s]}"
                .formatted(
                        NAME,
                        patterns.stream()
                                .map(pattern -> "\"" + pattern + "\"")
                                .collect(Collectors.joining(",")));
    }
}
