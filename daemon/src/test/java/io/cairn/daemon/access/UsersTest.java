package io.cairn.daemon.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

final class UsersTest {
    private static final String RIGHT = "correct horse 1";
    private static final String WRONG = "wrong horse 12";
    private static final String HOST = "127.0.0.1";

    private final AtomicLong clock = new AtomicLong();
    private @TempDir Path folder;
    private Path file;

    @BeforeEach
    void chooseAFile() {
        file = folder.resolve("users");
    }

    private Users users() throws IOException {
        return Users.open(file, folder, Station.ITERATIONS, clock::get);
    }

    private Users usersWithAnna() throws IOException {
        Users users = users();
        users.add("anna", Role.OPERATOR, RIGHT.toCharArray());
        return users;
    }

    private static Caller logIn(Users users, String name, String password) {
        return users.verify(name, password, HOST).caller();
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    @Test
    void theFirstStartMakesOneAdministratorWithARandomPassword() throws Exception {
        Users users = users();
        Path left = folder.resolve(Users.FIRST_PASSWORD);
        String password = Files.readString(left).strip();
        assertThat(users.list()).containsExactly(new Users.User("admin", Role.ADMIN));
        assertThat(logIn(users, "admin", password))
                .isEqualTo(new Caller("admin", Role.ADMIN, HOST));
        assertThat(password).hasSize(24);
        assertThat(Files.readString(file)).doesNotContain(password);
        for (Path secret : List.of(left, file)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void laterStartsMakeNobody() throws Exception {
        users();
        Files.delete(folder.resolve(Users.FIRST_PASSWORD));
        assertThat(users().list()).containsExactly(new Users.User("admin", Role.ADMIN));
        assertThat(folder.resolve(Users.FIRST_PASSWORD)).doesNotExist();
    }

    @Test
    void hashesAreSaltedAndNameTheirScheme() throws Exception {
        Users users = usersWithAnna();
        users.add("bert", Role.READER, RIGHT.toCharArray());
        List<String> hashes =
                Files.readAllLines(file).stream()
                        .filter(line -> line.startsWith("anna") || line.startsWith("bert"))
                        .map(line -> line.split(":", 3)[2])
                        .toList();
        assertThat(hashes)
                .hasSize(2)
                .doesNotHaveDuplicates()
                .allMatch(hash -> hash.startsWith("pbkdf2-sha512:" + Station.ITERATIONS + ":"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw-rw----", "rw-----w-", "rw----r--", "rwx------"})
    void aFileThatIsOpenToOthersIsRefused(String mode) throws Exception {
        users();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        assertThatThrownBy(this::users)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("%s is open to others (%s)".formatted(file, mode));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwxrwxr-x", "rwx----w-"})
    void aFolderThatOthersCanWriteIsRefused(String mode) throws Exception {
        users();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(mode));
        assertThatThrownBy(this::users)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("others can write the folder");
    }

    @Test
    void aLinkInPlaceOfTheFileIsRefused() throws Exception {
        users();
        Path elsewhere = folder.resolve("elsewhere");
        Files.move(file, elsewhere);
        Files.createSymbolicLink(file, elsewhere);
        assertThatThrownBy(this::users)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no regular file");
    }

    @Test
    void everyWrongLineIsNamedAndNoHashIsShown() throws Exception {
        users();
        String good = Files.readAllLines(file).getLast();
        String hash = good.split(":", 3)[2];
        Files.write(
                file,
                List.of(
                        "# a comment",
                        good,
                        "admin:reader:" + hash,
                        "Upper:reader:" + hash,
                        "carl:king:" + hash,
                        "dora:reader:" + hash.substring(2),
                        "emil"));
        assertThatThrownBy(this::users)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("line 3: admin is there twice")
                .hasMessageContaining("line 4: \"Upper\" is no user name")
                .hasMessageContaining("line 5: 'king' is no role")
                .hasMessageContaining("line 6: the password hash cannot be read")
                .hasMessageContaining("line 7: a line is NAME:ROLE:HASH")
                .hasMessageNotContaining(hash.substring(20));
    }

    @Test
    void commentsAndOrderOutliveEveryChange() throws Exception {
        Users users = usersWithAnna();
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.add(1, "");
        lines.add(2, "# those below: ask the storage team");
        Files.write(file, lines);
        users.setPassword("anna", "another horse 2".toCharArray());
        users.add("bert", Role.READER, RIGHT.toCharArray());
        users.remove("bert");
        List<String> after = Files.readAllLines(file);
        assertThat(after.subList(0, lines.size() - 1))
                .isEqualTo(lines.subList(0, lines.size() - 1));
        assertThat(after).hasSameSizeAs(lines);
        assertThat(after.getLast()).startsWith("anna:operator:").isNotEqualTo(lines.getLast());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Anna", "an na", "anna:admin", "#anna", "../anna", "a\nb", "-a"})
    void namesThatWouldBreakTheFileAreRefused(String name) throws Exception {
        Users users = users();
        String before = Files.readString(file);
        assertThatThrownBy(() -> users.add(name, Role.READER, RIGHT.toCharArray()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is no user name");
        assertThat(Files.readString(file)).isEqualTo(before);
    }

    @Test
    void shortPasswordsAreRefused() throws Exception {
        Users users = users();
        assertThatThrownBy(() -> users.add("anna", Role.READER, "elevenchars".toCharArray()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("12 to 1000 characters");
    }

    @Test
    void theLastAdministratorStays() throws Exception {
        Users users = usersWithAnna();
        assertThatThrownBy(() -> users.remove("admin"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("last administrator");
        assertThat(users.list()).hasSize(2);
    }

    @Test
    void aUserIsAddedOnce() throws Exception {
        Users users = usersWithAnna();
        assertThatThrownBy(() -> users.add("anna", Role.ADMIN, RIGHT.toCharArray()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("anna exists");
        assertThat(users.list()).contains(new Users.User("anna", Role.OPERATOR));
    }

    @Test
    void someWrongPasswordsLockTheUserOutForThatHostOnly() throws Exception {
        Users users = usersWithAnna();
        failTimes(users, Lockout.FREE_FAILURES);
        assertThatThrownBy(() -> logIn(users, "anna", RIGHT)).hasMessageContaining("too many");
        assertThat(users.verify("anna", RIGHT, "192.0.2.9").getName()).isEqualTo("anna");
        assertThatThrownBy(() -> logIn(users, "bert", WRONG)).hasMessageContaining("wrong user");
    }

    @Test
    void theLockOutEndsByItself() throws Exception {
        Users users = usersWithAnna();
        failTimes(users, Lockout.FREE_FAILURES);
        pass(Lockout.FIRST.minusNanos(1));
        assertThatThrownBy(() -> logIn(users, "anna", RIGHT)).hasMessageContaining("too many");
        pass(Duration.ofNanos(1));
        assertThat(logIn(users, "anna", RIGHT).role()).isEqualTo(Role.OPERATOR);
    }

    @Test
    void theLockOutDoublesUpToItsLongest() throws Exception {
        Users users = usersWithAnna();
        failTimes(users, Lockout.FREE_FAILURES);
        pass(Lockout.FIRST);
        failTimes(users, 1);
        pass(Lockout.FIRST);
        assertThatThrownBy(() -> logIn(users, "anna", RIGHT)).hasMessageContaining("too many");
        for (int i = 0; i < 100; i++) {
            pass(Lockout.LONGEST);
            failTimes(users, 1);
        }
        pass(Lockout.LONGEST);
        assertThat(logIn(users, "anna", RIGHT).name()).isEqualTo("anna");
    }

    @Test
    void aRightPasswordForgivesTheWrongOnes() throws Exception {
        Users users = usersWithAnna();
        for (int i = 0; i < 3; i++) {
            failTimes(users, Lockout.FREE_FAILURES - 1);
            assertThat(logIn(users, "anna", RIGHT).name()).isEqualTo("anna");
            pass(Users.REMEMBERED);
        }
    }

    @Test
    void aRememberedPasswordDoesNotHideAGuesser() throws Exception {
        Users users = usersWithAnna();
        logIn(users, "anna", RIGHT);
        failTimes(users, Lockout.FREE_FAILURES - 1);
        logIn(users, "anna", RIGHT);
        failTimes(users, 1);
        assertThatThrownBy(() -> logIn(users, "anna", RIGHT)).hasMessageContaining("too many");
    }

    @Test
    void unknownUsersAreLockedOutLikeKnownOnes() throws Exception {
        Users users = users();
        for (int i = 0; i < Lockout.FREE_FAILURES; i++) {
            assertThatThrownBy(() -> logIn(users, "ghost", WRONG))
                    .hasMessageContaining("wrong user name or password");
        }
        assertThatThrownBy(() -> logIn(users, "ghost", WRONG)).hasMessageContaining("too many");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a name with blanks", "Anna", ""})
    void whatIsNoNameIsRefusedAndNotCounted(String name) throws Exception {
        Users users = users();
        for (int i = 0; i <= Lockout.FREE_FAILURES; i++) {
            assertThatThrownBy(() -> logIn(users, name, WRONG))
                    .isInstanceOf(SecurityException.class)
                    .hasMessageContaining("wrong user name or password");
        }
    }

    @Test
    void aPasswordThatIsTooLongIsRefusedAndNotCounted() throws Exception {
        Users users = usersWithAnna();
        for (int i = 0; i <= Lockout.FREE_FAILURES; i++) {
            assertThatThrownBy(() -> logIn(users, "anna", "p".repeat(1_001)))
                    .isInstanceOf(SecurityException.class)
                    .hasMessageContaining("wrong user name or password");
        }
        assertThat(logIn(users, "anna", RIGHT).name()).isEqualTo("anna");
    }

    @Test
    void madeUpNamesDoNotEndALockOut() {
        Lockout lockout = new Lockout(clock::get);
        for (int i = 0; i < Lockout.FREE_FAILURES; i++) {
            lockout.failed("anna", HOST);
        }
        for (int i = 0; i < Lockout.PAIRS + 1; i++) {
            lockout.failed("ghost-" + i, HOST);
        }
        assertThat(lockout.isLocked("anna", HOST)).isTrue();
    }

    @Test
    void whoeverFailsIsCountedThoughAllOthersAreLockedOut() {
        Lockout lockout = new Lockout(clock::get);
        for (int i = 0; i < Lockout.PAIRS * Lockout.FREE_FAILURES; i++) {
            lockout.failed("ghost-" + i / Lockout.FREE_FAILURES, HOST);
        }
        for (int i = 0; i < Lockout.FREE_FAILURES; i++) {
            lockout.failed("anna", HOST);
        }
        assertThat(lockout.isLocked("anna", HOST)).isTrue();
    }

    @Test
    void moreLoginsThanMayWaitAreRefusedAtOnce() throws Exception {
        // So many iterations that nobody is done before all have come.
        Users users = Users.open(file, folder, 200_000, clock::get);
        int logins = 4 * Users.MOST_WAITING;
        try (ExecutorService threads = Executors.newFixedThreadPool(logins)) {
            List<Callable<String>> guesses =
                    IntStream.range(0, logins)
                            .<Callable<String>>mapToObj(i -> () -> refusal(users, "ghost"))
                            .toList();
            List<String> refusals = new ArrayList<>();
            for (Future<String> guess : threads.invokeAll(guesses)) {
                refusals.add(guess.get());
            }
            assertThat(refusals)
                    .anyMatch(message -> message.contains("busy"))
                    .anyMatch(message -> message.contains("wrong user name or password"));
        }
    }

    private static String refusal(Users users, String name) {
        try {
            return "let in: " + logIn(users, name, WRONG);
        } catch (SecurityException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static void failTimes(Users users, int times) {
        for (int i = 0; i < times; i++) {
            assertThatThrownBy(() -> logIn(users, "anna", WRONG))
                    .isInstanceOf(SecurityException.class)
                    .hasMessageContaining("wrong user name or password");
        }
    }

    @Test
    void aVerifiedPasswordIsRememberedForAMomentOnly() throws Exception {
        UsersFile.Entry entry =
                new UsersFile.Entry("anna", Role.READER, PasswordHash.of(RIGHT.toCharArray(), 10));
        VerifiedPasswords verified = new VerifiedPasswords(Users.REMEMBERED, clock::get);
        verified.add(entry, RIGHT.toCharArray());
        assertThat(verified.contains(entry, RIGHT.toCharArray())).isTrue();
        assertThat(verified.contains(entry, WRONG.toCharArray())).isFalse();
        pass(Users.REMEMBERED);
        assertThat(verified.contains(entry, RIGHT.toCharArray())).isFalse();
    }

    @Test
    void aRememberedPasswordEndsWithItsHash() throws Exception {
        Users users = usersWithAnna();
        logIn(users, "anna", RIGHT);
        users.setPassword("anna", "another horse 2".toCharArray());
        assertThatThrownBy(() -> logIn(users, "anna", RIGHT)).isInstanceOf(SecurityException.class);
        assertThat(logIn(users, "anna", "another horse 2").name()).isEqualTo("anna");
    }

    @Test
    void aNewPasswordEndsOpenConnections() throws Exception {
        Users users = usersWithAnna();
        Login login = users.verify("anna", RIGHT, HOST);
        users.setPassword("anna", "another horse 2".toCharArray());
        assertThatThrownBy(login::caller).isInstanceOf(SecurityException.class);
    }

    @Test
    void whatAnotherProcessChangedIsSeenWithinASecond() throws Exception {
        Users users = usersWithAnna();
        Login anna = users.verify("anna", RIGHT, HOST);
        Users other = users();
        other.add("bert", Role.READER, RIGHT.toCharArray());
        Files.writeString(file, Files.readString(file).replace("anna:operator:", "anna:reader:"));
        pass(Users.LOOK_EVERY);
        assertThat(logIn(users, "bert", RIGHT).name()).isEqualTo("bert");
        assertThat(anna.caller().role()).isEqualTo(Role.READER);
    }

    @Test
    void aFileThatBecameUnreadableChangesNobodyUntilItIsMended() throws Exception {
        Users users = usersWithAnna();
        String good = Files.readString(file);
        Files.writeString(file, good + "rubbish\n");
        pass(Users.LOOK_EVERY);
        assertThat(logIn(users, "anna", RIGHT).name()).isEqualTo("anna");
        Files.writeString(file, good.replace("anna:", "nina:"));
        pass(Users.LOOK_EVERY);
        assertThat(logIn(users, "nina", RIGHT).name()).isEqualTo("nina");
        assertThatThrownBy(() -> logIn(users, "anna", RIGHT)).isInstanceOf(SecurityException.class);
    }

    @Test
    void editsAtOnceAllArrive() throws Exception {
        users();
        List<String> names = IntStream.range(0, 40).mapToObj(i -> "user-" + i).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Void>> edits =
                    names.stream()
                            .<Callable<Void>>map(
                                    name ->
                                            () -> {
                                                users().add(name, Role.READER, RIGHT.toCharArray());
                                                return null;
                                            })
                            .toList();
            for (Future<Void> edit : threads.invokeAll(edits)) {
                edit.get();
            }
        }
        assertThat(users().list().stream().map(Users.User::name).toList())
                .containsAll(names)
                .hasSize(41);
    }
}
