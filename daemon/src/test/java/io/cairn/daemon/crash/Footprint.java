package io.cairn.daemon.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a daemon takes of its host, as the kernel says it.
 *
 * @param residentKib its memory that is in use
 */
record Footprint(long threads, long descriptors, long residentKib) {
    static Footprint of(long pid) throws IOException {
        Path process = Path.of("/proc", Long.toString(pid));
        long threads = 0;
        long resident = 0;
        for (String line : Files.readAllLines(process.resolve("status"))) {
            String[] words = line.split("\\s+", -1);
            switch (words[0]) {
                case "Threads:" -> threads = Long.parseLong(words[1]);
                case "VmRSS:" -> resident = Long.parseLong(words[1]);
                default -> {
                    // Of something else.
                }
            }
        }
        try (Stream<Path> open = Files.list(process.resolve("fd"))) {
            return new Footprint(threads, open.count(), resident);
        }
    }

    /** The larger of each, of this and another. */
    Footprint max(Footprint other) {
        return new Footprint(
                Math.max(threads, other.threads),
                Math.max(descriptors, other.descriptors),
                Math.max(residentKib, other.residentKib));
    }

    Footprint minus(Footprint other) {
        return new Footprint(
                threads - other.threads,
                descriptors - other.descriptors,
                residentKib - other.residentKib);
    }
}
