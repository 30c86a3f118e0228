package io.cairn.plugin.rbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Label;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What is kept beside a volume or a snapshot, in lines of a word and its value.
 *
 * @param label whose source, of a snapshot, is its volume
 * @param reverting of a volume that is going back to a snapshot
 * @param cutting of a snapshot that is not there yet, whatever the image says
 * @param adopting Ceph's id of the image that is to become the volume; empty once it has
 * @param grants who uses a volume or its snapshots by Ceph's own protocol
 */
record Card(
        Label label,
        Optional<Reverting> reverting,
        boolean cutting,
        Optional<String> adopting,
        List<Grant> grants) {
    private static final String WORD = "revert ";
    private static final String GRANT = "export rbd ";
    private static final String CUTTING = "cutting";
    private static final String ADOPTING = "adopt ";

    Card {
        grants = List.copyOf(grants);
    }

    /**
     * @param sizeBytes the volume's size, which it keeps
     */
    record Reverting(SnapshotId to, long sizeBytes) {
        static Reverting parse(String text) {
            int space = text.indexOf(' ');
            if (space < 0) {
                throw new IllegalArgumentException("'%s' is no revert".formatted(text));
            }
            return new Reverting(
                    SnapshotId.parse(text.substring(0, space)),
                    Long.parseLong(text.substring(space + 1)));
        }

        String text() {
            return to + " " + sizeBytes;
        }
    }

    static Card of(Label label) {
        return new Card(label, Optional.empty(), false, Optional.empty(), List.of());
    }

    /** Of a snapshot that is about to be cut. */
    static Card cutting(Label label) {
        return new Card(label, Optional.empty(), true, Optional.empty(), List.of());
    }

    /** Of an image that is about to become a volume. */
    static Card adopting(Label label, String imageId) {
        return new Card(label, Optional.empty(), false, Optional.of(imageId), List.of());
    }

    static Card parse(String text) {
        Optional<Reverting> reverting =
                text.lines()
                        .filter(line -> line.startsWith(WORD))
                        .findFirst()
                        .map(line -> Reverting.parse(line.substring(WORD.length())));
        boolean cutting = text.lines().anyMatch(CUTTING::equals);
        Optional<String> adopting =
                text.lines()
                        .filter(line -> line.startsWith(ADOPTING))
                        .findFirst()
                        .map(line -> line.substring(ADOPTING.length()));
        List<Grant> grants =
                text.lines()
                        .filter(line -> line.startsWith(GRANT))
                        .map(line -> Grant.parse(line.substring(GRANT.length())))
                        .toList();
        return new Card(Label.parse(text.getBytes(UTF_8)), reverting, cutting, adopting, grants);
    }

    Card marked(String id, Mark mark) {
        return new Card(label.marked(id, mark), reverting, cutting, adopting, grants);
    }

    Card reverting(Optional<Reverting> to) {
        return new Card(label, to, cutting, adopting, grants);
    }

    Card granting(List<Grant> to) {
        return new Card(label, reverting, cutting, adopting, to);
    }

    String text() {
        return (cutting ? CUTTING + "\n" : "")
                + adopting.map(each -> ADOPTING + each + "\n").orElse("")
                + reverting.map(each -> WORD + each.text() + "\n").orElse("")
                + grants.stream()
                        .map(each -> GRANT + each.text() + "\n")
                        .collect(Collectors.joining())
                + new String(label.toBytes(), UTF_8);
    }
}
