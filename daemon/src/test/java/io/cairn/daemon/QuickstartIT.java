package io.cairn.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.Shell.Outcome;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The demonstration of README.md, to its end and until Ctrl-C, as a terminal sends that. */
@Timeout(300)
final class QuickstartIT {
    private static final Path JMXTERM = Path.of(System.getProperty("cairn.jmxterm"));
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir private Path home;
    private Path scratch;
    private Path said;

    @BeforeEach
    void makeFolders() throws IOException {
        scratch = Files.createDirectory(home.resolve("scratch folder"));
        said = home.resolve("said");
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(scratch).isEmptyDirectory();
    }

    @Test
    void aSnapshotIsShownToHold() throws Exception {
        // It is said to need no root; without capabilities, root is a user like others.
        String powerless =
                System.getProperty("user.name").equals("root")
                        ? "setpriv --inh-caps=-all --bounding-set=-all "
                        : "";
        String once = Readme.read(Shell.ROOT.resolve("README.md")).block("quickstart");
        Outcome shown =
                Shell.run(
                        home,
                        Shell.ROOT,
                        "export TMPDIR='%s'\n".formatted(scratch) + powerless + once,
                        "");

        assertThat(shown.status()).describedAs(shown.out() + shown.err()).isZero();
        assertThat(shown.out()).contains("Everything was as it should be.");
    }

    @Test
    void theDaemonStaysAsShownUntilCtrlC() throws Exception {
        Process quickstart = start();
        try {
            awaitSaid(quickstart, "Ctrl-C ends the daemon and removes the scratch folder.");
            List<ProcessHandle> children = quickstart.descendants().toList();
            String shown = Files.readString(said);
            assertThat(shown).contains("Everything was as it should be.", "user      admin");
            assertThat(children).isNotEmpty();
            assertThat(scratch).isNotEmptyDirectory();

            // The lines that are to be copied, in a folder that has jmxterm.
            String command = found(shown, "\n  (\\S+/bin/java -jar jmxterm\\S+ -l .*)\n");
            String typed = found(shown, "\n  (bean .*\n  run .*\n)");
            Outcome listed =
                    Shell.run(
                            home,
                            home,
                            command.replace("jmxterm-1.0.4-uber.jar", "'%s'".formatted(JMXTERM)),
                            typed.replace("\n  ", "\n") + "get State\nexit\n");
            assertThat(listed.out())
                    .describedAs(listed.err())
                    .contains("cairn:type=Volume,backend=demo,volume=third", "State = up");
            assertThat(Path.of(found(shown, "The log is (.*)\n"))).isNotEmptyFile();
            assertThat(Path.of(found(shown, "password  in (.*)\n"))).isNotEmptyFile();
            assertThat(quickstart.isAlive()).isTrue();

            interrupt(quickstart);

            assertThat(quickstart.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(quickstart.exitValue()).isZero();
            assertThat(said).content().contains("Stopping the daemon ...");
            assertThat(children).noneMatch(ProcessHandle::isAlive);
            int port = Integer.parseInt(found(shown, "address   127.0.0.1:([0-9]+),"));
            assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
                    .isInstanceOf(ConnectException.class);
        } finally {
            Shell.stop(quickstart);
        }
    }

    @Test
    void anInterruptInTheMiddleLeavesNothingEither() throws Exception {
        Process quickstart = start();
        try {
            awaitSaid(quickstart, "Make a volume");
            List<ProcessHandle> children = quickstart.descendants().toList();

            interrupt(quickstart);

            assertThat(quickstart.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(quickstart.exitValue()).isEqualTo(130);
            assertThat(said).content().doesNotContain("The daemon runs on");
            assertThat(children).isNotEmpty().noneMatch(ProcessHandle::isAlive);
        } finally {
            Shell.stop(quickstart);
        }
    }

    /** In a process group of its own, as a shell starts it, and with Ctrl-C not ignored. */
    private Process start() throws IOException {
        ProcessBuilder builder =
                Shell.bash(home, Shell.ROOT, "exec env --default-signal=INT setsid etc/quickstart");
        builder.environment().put("TMPDIR", scratch.toString());
        return builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    }

    private void awaitSaid(Process quickstart, String text) throws IOException {
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !quickstart.isAlive() || Files.readString(said).contains(text));
        assertThat(said).content().contains(text);
    }

    /** To the whole group, as the terminal does. */
    private void interrupt(Process quickstart) throws Exception {
        Outcome sent = Shell.run(home, home, "kill -INT -- -" + quickstart.pid(), "");
        assertThat(sent.status()).describedAs(sent.err()).isZero();
    }

    private static String found(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).describedAs("%s in %s", pattern, text).isTrue();
        return matcher.group(1);
    }
}
