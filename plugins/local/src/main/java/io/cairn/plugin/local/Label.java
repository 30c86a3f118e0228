package io.cairn.plugin.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.Mark;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a file's extended attribute {@code user.cairn} says of it: lines of a word and its value.
 * One attribute, since each is a call of its own on the way of every snapshot.
 *
 * @param id the volume or snapshot that the file is, for an operator who finds it elsewhere
 * @param cutAt of a snapshot, when it was cut
 * @param source of a volume that did not begin as zeroes, where its content came from
 */
public record Label(String id, Mark mark, Optional<Instant> cutAt, Optional<Source> source) {
    public static final String ATTRIBUTE = "user.cairn";

    /** More than any label takes; a whole one fits the 4 KiB block of ext4. */
    public static final int MAX_BYTES = Mark.MAX_BYTES + 640;

    /** The same with another mark, and with the id that a lost label lacks. */
    public Label marked(String id, Mark mark) {
        return new Label(id, mark, cutAt, source);
    }

    public byte[] toBytes() {
        StringBuilder text = new StringBuilder("id ").append(id);
        cutAt.ifPresent(
                at ->
                        text.append("\ncut ")
                                .append(at.getEpochSecond())
                                .append(' ')
                                .append(at.getNano()));
        source.ifPresent(from -> text.append("\nsource ").append(from.text()));
        return text.append("\nmark ").append(mark.text()).toString().getBytes(UTF_8);
    }

    /** Reads a label; what is missing or was overwritten by others counts as lost. */
    public static Label parse(byte[] bytes) {
        Map<String, String> values = new HashMap<>();
        for (String line : new String(bytes, UTF_8).split("\n", -1)) {
            int space = line.indexOf(' ');
            if (space > 0) {
                values.put(line.substring(0, space), line.substring(space + 1));
            }
        }
        try {
            return new Label(
                    values.getOrDefault("id", ""),
                    new Mark(values.getOrDefault("mark", "")),
                    Optional.ofNullable(values.get("cut")).map(Label::instant),
                    Optional.ofNullable(values.get("source")).map(Source::parse));
        } catch (IllegalArgumentException _) {
            return new Label("", Mark.NONE, Optional.empty(), Optional.empty());
        }
    }

    private static Instant instant(String text) {
        int space = text.indexOf(' ');
        if (space < 0) {
            throw new IllegalArgumentException("'%s' is no instant".formatted(text));
        }
        return Instant.ofEpochSecond(
                Long.parseLong(text.substring(0, space)),
                Long.parseLong(text.substring(space + 1)));
    }
}
