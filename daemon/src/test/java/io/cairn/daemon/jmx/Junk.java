package io.cairn.daemon.jmx;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;

import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;

/** What a careless or a hostile client passes, and whether a description says that it is legal. */
final class Junk {
    private static final int MEBIBYTE = 1 << 20;
    private static final int RANDOM_ONES = 10;
    private static final int[] ODD = {
        ' ', '\t', '\n', 0, 0x1b, 0x7f, 0x85, 0xa0, '=', ',', '"', '\\', '/', '*', '?', '%', '_',
        '-', '.', 'a', 'Z', '9', 0xe9, 0x200f, 0x202e, 0x2028, 0xfeff, 0xffff, 0x1f600, 0xd83d
    };
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
    private static final Pattern HOST =
            Pattern.compile("(?!String$)[A-Za-z0-9][A-Za-z0-9:._-]{0,252}");
    private static final Pattern KEY =
            Pattern.compile("(?!String$)[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,254}");

    private final Random random;
    private final String anothersId;

    /**
     * @param anothersId of something that is not what operations are invoked on
     */
    Junk(Random random, String anothersId) {
        this.random = random;
        this.anothersId = anothersId;
    }

    List<@Nullable Object> of(MBeanParameterInfo parameter) {
        return switch (parameter.getType()) {
            case "int" -> Arrays.asList(null, 0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, "1", 1L);
            case "long" -> Arrays.asList(null, 0L, -1L, Long.MIN_VALUE, Long.MAX_VALUE, "1", 1);
            case "boolean" -> Arrays.asList(null, "true", 1);
            default -> texts();
        };
    }

    private List<@Nullable Object> texts() {
        List<@Nullable Object> texts = new ArrayList<>();
        Collections.addAll(
                texts,
                null,
                7,
                "",
                " \t ",
                "String",
                "true",
                "0",
                "-1",
                "10",
                "10 parsec",
                "9223372036854775808",
                "-9223372036854775809B",
                "1e9GiB",
                "P1Y",
                "größe",
                "名前",
                "\ud83d\ude00",
                "\ud83d",
                "\u202edb1\u202c",
                "\u200fdb1",
                "d\u0001b\u001b[31m1",
                "db1\n",
                "a\u2028b",
                "a\0b",
                "../../etc/passwd",
                "/dev/sda",
                "db1/../db2",
                "$(reboot)`reboot`;|&<>",
                "' OR 1=1; DROP TABLE volume; --",
                "\"",
                "\\",
                "=",
                ",",
                "a=b",
                "a=b,a=b",
                "name=Ünknown",
                "size=-1GiB",
                "id=" + anothersId,
                "id=nobody",
                "label.=x",
                "label.a=\"",
                "label." + "k".repeat(64) + "=v",
                "description=" + "d".repeat(256),
                "sort=colour",
                "older=-P1D",
                "older=P99999999D",
                "minSize=10",
                "state=broken",
                "source=/",
                "nothing-here",
                anothersId,
                "x".repeat(MEBIBYTE),
                "x=" + "y".repeat(MEBIBYTE),
                "x".repeat(MEBIBYTE) + ",y=z",
                "\\".repeat(MEBIBYTE));
        for (int i = 0; i < RANDOM_ONES; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = 1 + random.nextInt(20); length > 0; length--) {
                text.appendCodePoint(ODD[random.nextInt(ODD.length)]);
            }
            texts.add(text.toString());
        }
        return texts;
    }

    /** Whether the description allows it, so that it is no junk just there. */
    boolean legal(
            MBeanOperationInfo operation, MBeanParameterInfo parameter, @Nullable Object value) {
        if (!(value instanceof String text)
                || !parameter.getType().equals(String.class.getName())) {
            return false;
        }
        String description = parameter.getDescription();
        if (text.isBlank()) {
            return description.contains("mpty");
        }
        if (description.startsWith("Any text")) {
            return text.length() <= 65_536
                    && text.indexOf('\0') < 0
                    && text.codePoints().noneMatch(c -> c >= 0xd800 && c <= 0xdfff);
        }
        if (description.startsWith("The key") || description.startsWith("What the keys")) {
            return KEY.matcher(text).matches();
        }
        if (description.contains("name, unique") || description.contains("new name")) {
            return NAME.matcher(text).matches();
        }
        if (description.startsWith("The path of the block device on that host")) {
            return text.strip().startsWith("/")
                    && text.strip().codePoints().noneMatch(JunkWalk::spoilsALine);
        }
        boolean asks = operation.getImpact() == MBeanOperationInfo.INFO;
        if (description.startsWith("The tag:") || description.startsWith("The label's key")) {
            return NAME.matcher(text).matches();
        }
        if (description.startsWith("The host's name")) {
            return HOST.matcher(text).matches();
        }
        if (description.startsWith("At most 255 characters")
                || description.startsWith("The label's value")) {
            return text.length() <= 255 && text.codePoints().noneMatch(JunkWalk::spoilsALine);
        }
        return (asks && description.startsWith("The UUID") && text.length() == 36)
                || (text.equals(anothersId) && description.startsWith("The volume's name or UUID"));
    }
}
