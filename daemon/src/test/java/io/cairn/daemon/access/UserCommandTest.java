package io.cairn.daemon.access;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

final class UserCommandTest {
    private static final String PASSWORD = "correct horse 1";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private @TempDir Path folder;

    private int run(String input, String... words) {
        return new UserCommand(
                        folder.resolve("users"),
                        Station.ITERATIONS,
                        new ByteArrayInputStream(input.getBytes(UTF_8)),
                        new PrintStream(out, true, UTF_8),
                        new PrintStream(err, true, UTF_8))
                .run(List.of(words));
    }

    @Test
    void anAddedUserLogsIn() throws IOException {
        assertThat(run(PASSWORD + "\n", "add", "anna", "admin", "--password-stdin")).isZero();
        Users users =
                Users.open(folder.resolve("users"), folder, Station.ITERATIONS, System::nanoTime);
        assertThat(users.verify("anna", PASSWORD, "127.0.0.1").getName()).isEqualTo("anna");
        assertThat(out.toString(UTF_8)).doesNotContain(PASSWORD);
    }

    @Test
    void usersAreListedWithTheirRoles() {
        run(PASSWORD, "add", "bert", "reader", "--password-stdin");
        run(PASSWORD, "add", "anna", "admin", "--password-stdin");
        out.reset();
        assertThat(run("", "list")).isZero();
        assertThat(out.toString(UTF_8).lines()).containsExactly("anna\tadmin", "bert\treader");
    }

    @Test
    void aPasswordIsChanged() throws IOException {
        run(PASSWORD, "add", "anna", "admin", "--password-stdin");
        String before = Files.readString(folder.resolve("users"));
        assertThat(run("another horse 2", "passwd", "anna", "--password-stdin")).isZero();
        assertThat(Files.readString(folder.resolve("users"))).isNotEqualTo(before);
    }

    @Test
    void aRemovedUserIsGone() {
        run(PASSWORD, "add", "anna", "admin", "--password-stdin");
        run(PASSWORD, "add", "bert", "reader", "--password-stdin");
        assertThat(run("", "remove", "bert")).isZero();
        out.reset();
        run("", "list");
        assertThat(out.toString(UTF_8).lines()).containsExactly("anna\tadmin");
    }

    @Test
    void whatCannotBeDoneIsSaidInOneLine() {
        assertThat(run(PASSWORD, "add", "anna", "king", "--password-stdin")).isEqualTo(1);
        assertThat(run("short", "add", "anna", "admin", "--password-stdin")).isEqualTo(1);
        assertThat(run("", "list")).isEqualTo(1);
        assertThat(err.toString(UTF_8).lines())
                .hasSize(3)
                .allMatch(line -> line.startsWith("cairnd user: "))
                .anyMatch(line -> line.contains("'king' is no role: write one of reader, operator"))
                .anyMatch(line -> line.contains("there is no file of users"));
    }

    @Test
    void withoutATerminalAPasswordIsNotWaitedFor() {
        assertThat(run(PASSWORD, "add", "anna", "admin")).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("use --password-stdin");
    }

    @Test
    void otherWordsShowTheUsage() {
        assertThat(run("")).isEqualTo(2);
        assertThat(run("", "add", "anna")).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("usage: cairnd user add NAME ROLE");
    }
}
