package io.cairn.daemon.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import javax.management.Attribute;
import javax.management.ImmutableDescriptor;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;

@Isolated("it hears what all others have recorded")
final class AuditTest {
    private static final MBeanOperationInfo MAKE = Probe.operation("make");

    private final AtomicLong clock = new AtomicLong();
    private final Audit audit = new Audit(clock::get);
    private final Callers operators = new Callers(Role.OPERATOR, audit);
    private final Callers readers = new Callers(Role.READER, audit);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        ((Logger) LoggerFactory.getLogger(Audit.LOGGER)).addAppender(log);
    }

    @AfterEach
    void stopListening() {
        ((Logger) LoggerFactory.getLogger(Audit.LOGGER)).detachAppender(log);
    }

    private List<String> lines() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    private void make(Callers callers, Object... arguments) throws Exception {
        callers.invoke(Station.BEAN, MAKE, arguments, () -> "made");
    }

    @Test
    void aLineTellsWhoDidWhatFromWhereAndHowItEnded() throws Exception {
        operators.invoke(
                Station.BEAN, MAKE, new Object[] {"a", "b"}, () -> clock.addAndGet(12_345_678));
        assertThat(lines())
                .containsExactly(
                        """
                        who="in-process" role=operator from="local" did="make on cairn:type=Probe" \
                        arguments=["a", "***"] outcome="ok" ms=12\
                        """);
        assertThat(audit.recent(5)).extracting(Audit.Line::text).isEqualTo(lines());
    }

    @Test
    void aFailureIsRecordedWithItsReason() {
        assertThatThrownBy(
                        () ->
                                operators.invoke(
                                        Station.BEAN,
                                        Probe.operation("fail"),
                                        new Object[] {"full"},
                                        () -> {
                                            throw new IllegalStateException("NO_SPACE: full");
                                        }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(lines())
                .singleElement()
                .asString()
                .contains("outcome=\"failed: java.lang.IllegalStateException: NO_SPACE: full\"");
    }

    @Test
    void listsThatHoldEachOtherAreNotWrittenOut() {
        List<Object> nested = new ArrayList<>(List.of("x"));
        for (int depth = 0; depth < 25; depth++) {
            nested = new ArrayList<>(Collections.nCopies(10, nested));
        }
        List<Object> much = nested;
        assertThatThrownBy(() -> make(readers, much, "b")).isInstanceOf(SecurityException.class);
        assertThat(lines())
                .singleElement()
                .asString()
                .contains("arguments=[\"a java.util.ArrayList\", \"***\"]");
    }

    @Test
    void manyLongArgumentsAreCutShortAndFewLinesOfThemKept() throws Exception {
        Object[] arguments = Collections.nCopies(6_000, "\u0001".repeat(1_000)).toArray();
        for (int i = 0; i < 1_000; i++) {
            make(operators, arguments);
        }
        assertThat(lines()).allSatisfy(line -> assertThat(line.length()).isLessThan(20_000));
        assertThat(lines().getFirst()).contains(", ... of 6000 arguments]");
        List<Audit.Line> kept = audit.recent(1_000);
        assertThat(kept).hasSizeBetween(50, 999);
        assertThat(kept.stream().mapToInt(line -> line.text().length()).sum())
                .isLessThanOrEqualTo(1 << 20);
        assertThat(kept.getLast().text()).isEqualTo(lines().getLast());
    }

    @Test
    void aRefusalIsRecorded() {
        assertThatThrownBy(() -> make(readers, "a", "b")).isInstanceOf(SecurityException.class);
        assertThat(lines())
                .singleElement()
                .asString()
                .contains("role=reader", "make on cairn:type=Probe", "outcome=\"refused\"")
                .doesNotContain("\"b\"");
    }

    @Test
    void queriesAreNotRecorded() throws Exception {
        readers.invoke(Station.BEAN, Probe.operation("look"), new Object[] {"a"}, () -> "seen");
        assertThat(lines()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a\nwho=\"admin\"",
                "a\r\nb",
                "a\u2028b",
                "a\u0085b",
                "a\u001b[2Kb",
                "a\" outcome=\"ok",
                "a\\",
                "{}",
                "%n${java:version}",
                "a\0b",
                "\u202Eb"
            })
    void aLineStaysOneLineWhateverItHolds(String text) throws Exception {
        make(operators, text, "b");
        audit.loginRefused(text, text, text);
        assertThat(lines())
                .hasSize(2)
                .allMatch(line -> line.chars().allMatch(c -> c >= ' ' && c < 0x7f));
        String escaped = Text.quoted(text);
        assertThat(escaped.substring(1, escaped.length() - 1).replaceAll("\\\\.", ""))
                .doesNotContain("\"");
        assertThat(lines().getFirst()).contains("arguments=[" + escaped + ", \"***\"]");
        assertThat(lines().getLast()).startsWith("who=" + escaped + " from=" + escaped);
    }

    @Test
    void longArgumentsAreCut() throws Exception {
        make(operators, "a".repeat(100_000), "b");
        assertThat(lines().getFirst()).hasSizeLessThan(2_000).contains("of 100000 characters");
    }

    @Test
    void secretsInAPropertyListAreMasked() throws Exception {
        make(
                operators,
                "description=x,chap.password=hunter2,api.key=\"a,b\",SECRET.file=/etc/x,pool=p",
                "b");
        assertThat(lines().getFirst())
                .contains("description=x,chap.password=***,api.key=***,SECRET.file=***,pool=p")
                .doesNotContain("hunter2", "a,b", "/etc/x");
    }

    @Test
    void aParameterCanBeMarkedSecret() throws Exception {
        MBeanOperationInfo operation =
                new MBeanOperationInfo(
                        "chap",
                        "chap",
                        new MBeanParameterInfo[] {
                            new MBeanParameterInfo(
                                    "value",
                                    "java.lang.String",
                                    "value",
                                    new ImmutableDescriptor(Text.SECRET_FIELD + "=true"))
                        },
                        "void",
                        MBeanOperationInfo.ACTION,
                        new ImmutableDescriptor(Role.FIELD + "=operator"));
        operators.invoke(Station.BEAN, operation, new Object[] {"hunter2"}, () -> "");
        assertThat(lines().getFirst()).contains("arguments=[\"***\"]");
    }

    @Test
    void aFailureDoesNotRepeatASecret() {
        assertThatThrownBy(
                        () ->
                                operators.invoke(
                                        Station.BEAN,
                                        MAKE,
                                        new Object[] {"a", "hunter2"},
                                        () -> {
                                            throw new IllegalStateException("bad hunter2");
                                        }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(lines().getFirst()).contains("bad ***").doesNotContain("hunter2");
    }

    @Test
    void aSecretAttributeIsMasked() throws Exception {
        Attribute set = new Attribute("ChapPassword", "hunter2");
        operators.set(
                Station.BEAN,
                new MBeanAttributeInfo(
                        set.getName(),
                        "java.lang.String",
                        "the password",
                        true,
                        true,
                        false,
                        new ImmutableDescriptor(Role.FIELD + "=operator")),
                set.getValue(),
                () -> "");
        assertThat(lines().getFirst())
                .contains("did=\"set ChapPassword on cairn:type=Probe\" arguments=[\"***\"]");
    }

    @Test
    void refusalsAreLimitedAndCounted() {
        refuse(Quota.LINES + 7);
        assertThat(lines()).hasSize(Quota.LINES);
        clock.addAndGet(Quota.WINDOW_NANOS);
        refuse(1);
        assertThat(lines()).hasSize(Quota.LINES + 1);
        assertThat(lines().getLast()).endsWith(" unrecorded=7");
    }

    @Test
    void oneHostsRefusalsDoNotSilenceAnothers() {
        refuse(Quota.LINES + 7);
        audit.loginRefused("anna", "192.0.2.9", "wrong");
        assertThat(lines().getLast()).contains("from=\"192.0.2.9\"");
    }

    @Test
    void refusalsDoNotSilenceWhatWasDone() throws Exception {
        for (int i = 0; i < 2 * Quota.LINES; i++) {
            assertThatThrownBy(() -> make(readers, "a", "b")).isInstanceOf(SecurityException.class);
        }
        make(operators, "a", "b");
        assertThat(lines().getLast()).contains("outcome=\"ok\"");
    }

    @Test
    void theNewestLinesCanBeRead() throws Exception {
        for (int i = 0; i < 1_005; i++) {
            make(operators, "n" + i, "b");
        }
        assertThat(audit.recent(2)).hasSize(2).last().asString().contains("\"n1004\"");
        assertThat(audit.recent(5_000)).hasSize(1_000).first().asString().contains("\"n5\"");
    }

    private void refuse(int times) {
        for (int i = 0; i < times; i++) {
            audit.loginRefused("anna", "127.0.0.1", "wrong");
        }
    }
}
