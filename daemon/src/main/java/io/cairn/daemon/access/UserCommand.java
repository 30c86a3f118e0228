package io.cairn.daemon.access;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The administration of users from a shell: {@code cairnd user …}. The daemon sees the change
 * within a second, so that it need not be restarted.
 */
public final class UserCommand {
    private static final String USAGE =
            """
            usage: cairnd user add NAME ROLE [--password-stdin]
                   cairnd user passwd NAME [--password-stdin]
                   cairnd user remove NAME
                   cairnd user list
            Roles: reader, operator, admin. A password is asked for at the terminal, or read from
            the first line of standard input where --password-stdin is given.\
            """;

    private final Path file;
    private final int iterations;
    private final InputStream in;
    private final PrintStream out;
    private final PrintStream err;

    /**
     * @param file the file of users; the first {@code add} makes it
     */
    public UserCommand(Path file, InputStream in, PrintStream out, PrintStream err) {
        this(file, PasswordHash.ITERATIONS, in, out, err);
    }

    UserCommand(Path file, int iterations, InputStream in, PrintStream out, PrintStream err) {
        this.file = file;
        this.iterations = iterations;
        this.in = in;
        this.out = out;
        this.err = err;
    }

    /**
     * Does what the words after {@code cairnd user} say.
     *
     * @return the exit status: 0 done, 1 failed, 2 not understood
     */
    public int run(List<String> arguments) {
        List<String> words = new ArrayList<>(arguments);
        boolean standardInput = words.remove("--password-stdin");
        Users users = Users.edit(file, iterations);
        try {
            switch (words.isEmpty() ? "" : words.getFirst() + "/" + words.size()) {
                case "add/3" -> {
                    Role role = Role.parse(words.get(2));
                    users.add(words.get(1), role, password(standardInput));
                    out.println("Added %s as %s.".formatted(words.get(1), role));
                }
                case "passwd/2" -> {
                    users.setPassword(words.get(1), password(standardInput));
                    out.println("Changed the password of %s.".formatted(words.get(1)));
                }
                case "remove/2" -> {
                    users.remove(words.get(1));
                    out.println("Removed %s.".formatted(words.get(1)));
                }
                case "list/1" ->
                        users.list().forEach(user -> out.println(user.name() + "\t" + user.role()));
                default -> {
                    err.println(USAGE);
                    return 2;
                }
            }
            return 0;
        } catch (IOException | IllegalArgumentException e) {
            err.println("cairnd user: " + e.getMessage());
            return 1;
        }
    }

    @SuppressWarnings("SystemConsoleNull") // True of 22 to 24; from 25 on it can be null again.
    private char[] password(boolean standardInput) throws IOException {
        if (standardInput) {
            String line = new BufferedReader(new InputStreamReader(in, UTF_8)).readLine();
            return line == null ? new char[0] : line.toCharArray();
        }
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            throw new IllegalArgumentException(
                    "there is no terminal to ask at: use --password-stdin");
        }
        char[] password = read(console, "Password: ");
        char[] again = read(console, "Again: ");
        try {
            if (!Arrays.equals(password, again)) {
                throw new IllegalArgumentException("the two passwords differ");
            }
        } finally {
            Arrays.fill(again, '\0');
        }
        return password;
    }

    private static char[] read(Console console, String prompt) {
        char[] password = console.readPassword("%s", prompt);
        return password == null ? new char[0] : password;
    }
}
