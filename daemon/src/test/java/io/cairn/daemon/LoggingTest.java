package io.cairn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

/** The shipped logback.xml, in a context of its own. */
final class LoggingTest {
    private final LoggerContext logback = new LoggerContext();
    @TempDir private Path logs;

    @BeforeEach
    void configure() throws Exception {
        logback.setMDCAdapter(new LogbackMDCAdapter());
        logback.putProperty("cairn.log", logs.toString());
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(logback);
        configurator.doConfigure(Path.of("../etc/logback.xml").toFile());
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
}
