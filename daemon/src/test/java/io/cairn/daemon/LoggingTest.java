package io.cairn.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.TimeBasedRollingPolicy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** The shipped logback.xml, in a context of its own, with kilobytes in place of megabytes. */
final class LoggingTest {
    private static final int KB = 1024;
    private static final int FILE_BYTES = 16 * KB;

    private final LoggerContext logback = new LoggerContext();
    private final Random random = new Random(1);
    @TempDir private Path logs;

    @BeforeEach
    void configure() throws Exception {
        logback.setMDCAdapter(new LogbackMDCAdapter());
        logback.putProperty("cairn.log", logs.toString());
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(logback);
        String shipped = Files.readString(Path.of("../etc/logback.xml"));
        String small = shipped.replaceAll("([0-9]+)MB<", "$1KB<");
        configurator.doConfigure(new ByteArrayInputStream(small.getBytes(UTF_8)));
        logback.getLogger("ROOT").detachAppender("console");
    }

    @AfterEach
    void stop() {
        logback.stop();
    }

    @Test
    void anEventIsOneLineWhateverIsInIt() throws Exception {
        Exception failure = new IllegalStateException("first\nsecond", new Exception("cause"));

        logback.getLogger("x")
                .warn("name: {}", "a\r\nERROR forged\u2028b\u001b[2Jc\u009b2Jd", failure);

        assertThat(Files.readAllLines(logs.resolve("cairn.log")))
                .singleElement()
                .asString()
                .contains("x - name: a | ERROR forged | b?[2Jc?2Jd java.lang.IllegalStateException")
                .contains(" | second | at ", " | Caused by: java.lang.Exception: cause | ");
    }

    @Test
    void theAuditIsInAFileOfItsOwn() throws Exception {
        logback.getLogger("cairn.audit").info("alice created db1");
        logback.getLogger("x").info("other");

        assertThat(Files.readString(logs.resolve("audit.log")))
                .endsWith("Z alice created db1\n")
                .doesNotContain("other");
        assertThat(Files.readString(logs.resolve("cairn.log"))).doesNotContain("alice");
    }

    @ParameterizedTest
    @CsvSource({"cairn, x", "audit, cairn.audit"})
    void aFullFileIsPackedAndNothingIsLost(String file, String logger) throws Exception {
        LocalDate today = LocalDate.now(ZoneId.systemDefault());
        List<String> said = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            said.add(say(logger, "event " + i));
            // One file at a time, as 16 MB files are: where several are packed and swept at once,
            // Logback has been seen to sweep what was packed a moment before.
            untilPacked();
        }
        stopOncePacked();

        List<Path> packed = archives(file);
        assertThat(packed).hasSizeBetween(5, 9);
        List<String> read = new ArrayList<>();
        for (int i = 0; i < packed.size(); i++) {
            Path archive = logs.resolve("%s.%s.%d.log.gz".formatted(file, today, i));
            byte[] unpacked = unpacked(archive);
            assertThat(unpacked).hasSizeBetween(FILE_BYTES / 2, 2 * FILE_BYTES);
            read.addAll(new String(unpacked, UTF_8).lines().toList());
        }
        Path current = logs.resolve(file + ".log");
        assertThat(current).isRegularFile();
        assertThat(Files.size(current)).isLessThan(2 * FILE_BYTES);
        read.addAll(Files.readAllLines(current));
        assertThat(read).hasSize(100);
        for (int i = 0; i < 100; i++) {
            assertThat(read.get(i)).endsWith(said.get(i));
        }
    }

    @ParameterizedTest
    @CsvSource({"cairn, x, 256", "audit, cairn.audit, 512"})
    void packedFilesTakeNoMoreThanTheirShare(String file, String logger, int share)
            throws Exception {
        for (int i = 0; i < 1200; i++) {
            String _ = say(logger, "event " + i);
        }
        stopOncePacked();

        // Those that were packed while the others were counted are let be until the next time.
        long most = (long) share * KB + 4L * FILE_BYTES;
        await().untilAsserted(() -> assertThat(bytes(archives(file))).isLessThan(most));
        assertThat(archives(file).stream().map(LoggingTest::firstLine))
                .noneMatch(line -> line.contains("event 0 "));
    }

    @ParameterizedTest
    @CsvSource({"cairn, x, 30", "audit, cairn.audit, 365"})
    void aDayHasFilesOfItsOwnAndThoseOfLongAgoGo(String file, String logger, int days)
            throws Exception {
        LocalDate today = LocalDate.now(ZoneId.systemDefault());
        Path recent = logs.resolve("%s.%s.0.log.gz".formatted(file, today.minusDays(days - 5)));
        Path old = logs.resolve("%s.%s.0.log.gz".formatted(file, today.minusDays(days + 5)));
        Files.createFile(recent);
        Files.createFile(old);
        String first = say(logger, "the first day");

        dayOf(file, today.plusDays(1));
        String second = say(logger, "the second day");
        stopOncePacked();

        assertThat(logs.resolve("%s.%s.0.log.gz".formatted(file, today)))
                .satisfies(packed -> assertThat(firstLine(packed)).endsWith(first));
        assertThat(Files.readAllLines(logs.resolve(file + ".log")))
                .singleElement()
                .asString()
                .endsWith(second);
        await().untilAsserted(() -> assertThat(old).doesNotExist());
        assertThat(recent).exists();
    }

    /** A stop waits for the file that is being packed last, and leaves others as they are. */
    private void stopOncePacked() {
        untilPacked();
        logback.stop();
    }

    private void untilPacked() {
        await().pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(logs).isDirectoryNotContaining("glob:**.tmp"));
    }

    /** Logs about a kilobyte that cannot be packed well, and returns what was said. */
    private String say(String logger, String what) {
        byte[] bytes = new byte[700];
        random.nextBytes(bytes);
        String text = what + " " + Base64.getEncoder().encodeToString(bytes);
        logback.getLogger(logger).info(text);
        return text;
    }

    /** Makes it noon of a day for one of the files. */
    private void dayOf(String file, LocalDate day) {
        Logger logger = logback.getLogger(file.equals("audit") ? "cairn.audit" : "ROOT");
        String appender = file.equals("audit") ? "audit" : "file";
        RollingFileAppender<?> rolling = (RollingFileAppender<?>) logger.getAppender(appender);
        ((TimeBasedRollingPolicy<?>) rolling.getRollingPolicy())
                .getTimeBasedFileNamingAndTriggeringPolicy()
                .setCurrentTime(
                        day.atTime(12, 0)
                                .atZone(ZoneId.systemDefault())
                                .toInstant()
                                .toEpochMilli());
    }

    private List<Path> archives(String file) throws IOException {
        try (Stream<Path> all = Files.list(logs)) {
            return all.filter(path -> path.toString().endsWith(".gz"))
                    .filter(path -> logs.relativize(path).toString().startsWith(file))
                    .toList();
        }
    }

    private static long bytes(List<Path> files) throws IOException {
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    private static byte[] unpacked(Path archive) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(archive))) {
            return in.readAllBytes();
        }
    }

    private static String firstLine(Path archive) {
        try {
            return new String(unpacked(archive), UTF_8).lines().findFirst().orElse("");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
