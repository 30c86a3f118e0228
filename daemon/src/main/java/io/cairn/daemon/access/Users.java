package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;

/**
 * Who may log in. The file is looked at again when it changed, at most once a second; if it cannot
 * be read then, the users stay as they were and the log says why. Any thread may call.
 */
public final class Users {
    /** The name of the file with the first administrator's password, in the data folder. */
    public static final String FIRST_PASSWORD = "first-admin-password";

    static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    static final Duration REMEMBERED = Duration.ofSeconds(60);
    static final int SHORTEST_PASSWORD = 12;

    private static final Logger LOG = LoggerFactory.getLogger(Users.class);
    private static final int LONGEST_PASSWORD = 1_000;
    private static final int HASHES_AT_ONCE = 2;

    /** As many clients as may come back at once after a restart. */
    static final int MOST_WAITING = 64;

    /** Without letters and digits that are mistaken for each other; 24 of them make 118 bits. */
    private static final String ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";

    private static final int FIRST_PASSWORD_LENGTH = 24;

    private final UsersFile file;
    private final int iterations;
    private final LongSupplier nanos;
    private final Lockout lockout;
    private final VerifiedPasswords verified;

    /** A hash takes some tenths of a second of a processor; guessing must not take them all. */
    private final Semaphore hashing = new Semaphore(HASHES_AT_ONCE, true);

    /** Those that hash or wait for it: all others are refused at once. */
    private final Semaphore admitted = new Semaphore(HASHES_AT_ONCE + MOST_WAITING);

    /** What unknown users are compared with, so that they take as long as known ones. */
    private final PasswordHash nobody;

    private Map<String, UsersFile.Entry> entries = Map.of();
    private UsersFile.@Nullable Stamp stamp;
    private long lookedAt;

    /** A user as he is listed. */
    public record User(String name, Role role) {}

    private Users(Path file, int iterations, LongSupplier nanos) {
        this.file = new UsersFile(file);
        this.iterations = iterations;
        this.nanos = nanos;
        this.lockout = new Lockout(nanos);
        this.verified = new VerifiedPasswords(REMEMBERED, nanos);
        this.nobody = PasswordHash.ofNobody(iterations);
    }

    /**
     * Opens the file of users. If there is none it is made with one administrator, {@code admin},
     * whose random password is left in {@value #FIRST_PASSWORD} in the data folder, readable by the
     * daemon's user only.
     *
     * @throws IOException if the file cannot be read or made, has a wrong line, or is open to
     *     others
     */
    public static Users open(Path file, Path dataFolder) throws IOException {
        return open(file, dataFolder, PasswordHash.ITERATIONS, System::nanoTime);
    }

    static Users open(Path file, Path dataFolder, int iterations, LongSupplier nanos)
            throws IOException {
        Users users = new Users(file, iterations, nanos);
        if (!users.file.exists()) {
            users.makeFirst(dataFolder);
        }
        users.load();
        return users;
    }

    /** The same for editing only: a file that is not there is made by the first user added. */
    static Users edit(Path file, int iterations) {
        return new Users(file, iterations, System::nanoTime);
    }

    /** Everyone, by name. */
    public List<User> list() throws IOException {
        return file.read().values().stream()
                .map(entry -> new User(entry.name(), entry.role()))
                .sorted(Comparator.comparing(User::name))
                .toList();
    }

    /**
     * Adds a user to the file.
     *
     * @throws IllegalArgumentException if the name or the password will not do, or the user exists
     * @throws IOException if the file cannot be read or written
     */
    public void add(String name, Role role, char[] password) throws IOException {
        UsersFile.Entry entry = entry(UsersFile.checkedName(name), role, password);
        file.edit(
                lines -> {
                    if (find(lines, name).isPresent()) {
                        throw new IllegalArgumentException(
                                "user %s exists: change its password, or remove it first"
                                        .formatted(name));
                    }
                    lines.add(entry.line());
                    return lines;
                });
        load();
    }

    /**
     * Changes a password. Also ends the user's open connections: their next call is refused.
     *
     * @throws IllegalArgumentException if the password will not do or the user does not exist
     * @throws IOException if the file cannot be read or written
     */
    public void setPassword(String name, char[] password) throws IOException {
        PasswordHash hash = hash(password);
        file.edit(
                lines -> {
                    int index = index(lines, name);
                    Role role = Role.parse(lines.get(index).strip().split(":", 3)[1]);
                    lines.set(index, new UsersFile.Entry(name, role, hash).line());
                    return lines;
                });
        load();
    }

    /**
     * Removes a user. Also ends his open connections: their next call is refused.
     *
     * @throws IllegalArgumentException if the user does not exist or is the last administrator
     * @throws IOException if the file cannot be read or written
     */
    public void remove(String name) throws IOException {
        file.edit(
                lines -> {
                    lines.remove(index(lines, name));
                    if (lines.stream().noneMatch(line -> isAdmin(line))) {
                        throw new IllegalArgumentException(
                                "%s is the last administrator: add another first".formatted(name));
                    }
                    return lines;
                });
        load();
    }

    /**
     * Logs a user in.
     *
     * @param host where he calls from, for the lock-out
     * @throws SecurityException if the password is wrong, the user unknown, or locked out, or if
     *     too many log in at the same time; the message does not tell which of the first two
     */
    Login verify(String name, String password, String host) {
        // Before anything is kept of them: they can be nobody's, and as long as a request.
        if (password.length() > LONGEST_PASSWORD || !UsersFile.isName(name)) {
            throw wrong();
        }
        refuseLocked(name, host);
        char[] typed = password.toCharArray();
        UsersFile.Entry entry = entries().get(name);
        if (entry != null && verified.contains(entry, typed)) {
            // Forgives no failures: an exporter's logins would else hide a guesser on its host.
            return login(entry, host);
        }
        if (!admitted.tryAcquire()) {
            throw new SecurityException(
                    "DENIED: busy: too many logins at the same time, so try again in a moment");
        }
        try {
            return verifySlowly(name, entry, typed, host);
        } finally {
            admitted.release();
        }
    }

    private Login verifySlowly(
            String name, UsersFile.@Nullable Entry entry, char[] password, String host) {
        hashing.acquireUninterruptibly();
        boolean matches;
        try {
            // Again, since many may have failed while this one waited.
            refuseLocked(name, host);
            if (entry != null && verified.contains(entry, password)) {
                return login(entry, host);
            }
            PasswordHash hash = entry == null ? nobody : entry.hash();
            matches = hash.matches(password) && entry != null;
            if (!matches) {
                lockout.failed(name, host);
            }
        } finally {
            hashing.release();
        }
        if (entry == null || !matches) {
            throw wrong();
        }
        lockout.succeeded(name, host);
        verified.add(entry, password);
        return login(entry, host);
    }

    private static SecurityException wrong() {
        return new SecurityException("DENIED: wrong user name or password");
    }

    private Login login(UsersFile.Entry entry, String host) {
        return new Login(entry.name(), host, () -> roleNow(entry));
    }

    private Role roleNow(UsersFile.Entry then) {
        UsersFile.Entry now = entries().get(then.name());
        if (now == null || !now.hash().toString().equals(then.hash().toString())) {
            throw new SecurityException(
                    "DENIED: %s was removed or has a new password: log in again"
                            .formatted(then.name()));
        }
        return now.role();
    }

    private void refuseLocked(String name, String host) {
        if (lockout.isLocked(name, host)) {
            throw new SecurityException(
                    "DENIED: too many wrong passwords: wait some minutes and try again");
        }
    }

    private synchronized Map<String, UsersFile.Entry> entries() {
        long now = nanos.getAsLong();
        if (now - lookedAt >= LOOK_EVERY.toNanos()) {
            lookedAt = now;
            try {
                if (!file.stamp().equals(stamp)) {
                    load();
                }
            } catch (IOException e) {
                if (stamp != null) {
                    LOG.error("The users stay as they were: {}", e.toString());
                }
                // So that it is said once, and looked at again when it changes or comes back.
                stamp = null;
            }
        }
        return entries;
    }

    private synchronized void load() throws IOException {
        // The stamp first: a change in between shows at the next look.
        UsersFile.Stamp seen = file.stamp();
        entries = file.read();
        stamp = seen;
        lookedAt = nanos.getAsLong();
    }

    private void makeFirst(Path dataFolder) throws IOException {
        char[] password = randomPassword();
        Path left = dataFolder.resolve(FIRST_PASSWORD);
        // Before the user: after a crash in between both are made again.
        UsersFile.writePrivately(left, new String(password) + "\n");
        UsersFile.Entry admin = entry("admin", Role.ADMIN, password);
        file.edit(
                lines -> {
                    lines.add("# Users of the daemon: NAME:ROLE:HASH. Change it by 'cairnd user'.");
                    lines.add(admin.line());
                    return lines;
                });
        LOG.info("Made the first user, admin; its password is in {}", left);
    }

    private UsersFile.Entry entry(String name, Role role, char[] password) {
        return new UsersFile.Entry(name, role, hash(password));
    }

    private PasswordHash hash(char[] password) {
        if (password.length < SHORTEST_PASSWORD || password.length > LONGEST_PASSWORD) {
            throw new IllegalArgumentException(
                    "a password has %d to %d characters"
                            .formatted(SHORTEST_PASSWORD, LONGEST_PASSWORD));
        }
        return PasswordHash.of(password, iterations);
    }

    private static Optional<String> find(List<String> lines, String name) {
        return lines.stream().filter(line -> UsersFile.nameIn(line).equals(name)).findFirst();
    }

    private static int index(List<String> lines, String name) {
        return find(lines, UsersFile.checkedName(name))
                .map(lines::indexOf)
                .orElseThrow(() -> new IllegalArgumentException("there is no user " + name));
    }

    private static boolean isAdmin(String line) {
        return !UsersFile.nameIn(line).isEmpty()
                && line.strip().split(":", 3)[1].equals(Role.ADMIN.toString());
    }

    private static char[] randomPassword() {
        SecureRandom random = new SecureRandom();
        char[] password = new char[FIRST_PASSWORD_LENGTH];
        for (int i = 0; i < password.length; i++) {
            password[i] = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
        }
        return password;
    }
}
