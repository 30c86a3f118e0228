import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

import javax.management.JMException;
import javax.management.MBeanException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * The demonstration of etc/quickstart: drives a daemon that runs already, as any JMX client would,
 * and says each step and what proves it. Needs nothing but the JDK, and no build: {@code java
 * etc/quickstart.java URL PASSWORD-FILE FOLDER}, where FOLDER is that of the backend "demo".
 */
final class Quickstart {
    private static final ObjectName DAEMON = name("cairn:type=Daemon");
    private static final ObjectName BACKEND = name("cairn:type=Backend,backend=demo");
    private static final long MIB = 1 << 20;
    private static final long SIZE = 16 * MIB;

    /** Where a pattern is written: the start, the end, across a boundary, and some in between. */
    private static final long[] PLACES = {0, 3 * MIB - 100, 7 * MIB, 11 * MIB + 512, SIZE - MIB};

    private final MBeanServerConnection server;
    private final Path folder;
    private int step;

    /** A step that did not do as it should. */
    private static final class Wrong extends Exception {
        private static final long serialVersionUID = 1;

        Wrong(String message) {
            super(message);
        }
    }

    private Quickstart(MBeanServerConnection server, Path folder) {
        this.server = server;
        this.folder = folder;
    }

    public static void main(String[] words) throws Exception {
        String password = Files.readString(Path.of(words[1])).strip();
        try (JMXConnector connector =
                JMXConnectorFactory.connect(
                        new JMXServiceURL(words[0]),
                        Map.of(JMXConnector.CREDENTIALS, new String[] {"admin", password}))) {
            new Quickstart(connector.getMBeanServerConnection(), Path.of(words[2])).run();
        } catch (Wrong e) {
            fail("This is not as it should be: " + e.getMessage());
        } catch (MBeanException e) {
            fail("The daemon refused it: " + e.getCause().getMessage());
        } catch (IOException | JMException | SecurityException e) {
            fail("It could not be done: " + e);
        }
    }

    private static void fail(String why) {
        System.err.println("   " + why);
        System.exit(1);
    }

    private void run() throws Wrong, JMException, IOException {
        step("Look at the backend, which is one configured storage system");
        requireUp();
        say("%s keeps its volumes in %s", BACKEND, folder);
        say("on %s. Snapshots are cut by %s.", fileSystem(), text(BACKEND, "SnapshotMethod"));
        say(text(BACKEND, "SnapshotCost"));

        step("Make a volume of 16 MiB");
        ObjectName volume = call(BACKEND, "createVolume", "first", "16MiB");
        Path image = image(volume);
        say("Its bytes are where its attribute Location says: %s", image);
        require(Files.size(image) == SIZE, "the file has %d bytes".formatted(Files.size(image)));

        step("Write a pattern to it");
        write(image, 1);
        String before = fingerprint(image);
        say("SHA-256 of the volume is %s", before);

        step("Snapshot it");
        ObjectName snapshot = call(volume, "createSnapshot", "before-the-change");

        step("Change the volume: write something else to the same places");
        write(image, 2);
        String after = fingerprint(image);
        say("SHA-256 of the volume is %s", after);
        require(!after.equals(before), "the volume did not change");

        step("Make a second volume from the snapshot");
        ObjectName second = call(snapshot, "createVolume", "second");
        Path copy = image(second);

        step("Prove that the snapshot held");
        String held = fingerprint(copy);
        say("SHA-256 of the second volume is %s", held);
        require(held.equals(before), "the second volume is not what the first was");
        requirePattern(copy, 1);
        requirePattern(image, 2);
        require(fingerprint(image).equals(after), "the first volume has changed since");
        say("That is what the first volume held when it was cut, compared byte by byte;");
        say("the first volume still has what was written later.");

        step("Find the snapshot among those of its volume, and the volume from the snapshot");
        List<ObjectName> snapshots = names(volume, "Snapshots");
        say("%s Snapshots = %s", volume, snapshots);
        require(snapshots.equals(List.of(snapshot)), "the volume's snapshots are " + snapshots);
        Object owner = server.getAttribute(snapshot, "Volume");
        say("%s Volume = %s", snapshot, owner);
        require(owner.equals(volume), "the snapshot says that its volume is " + owner);
        String origin = text(second, "OriginSnapshot");
        say("%s OriginSnapshot = %s", second, origin);
        require(origin.equals(snapshot.toString()), "the second volume says it is of " + origin);

        step("Delete everything: the name is given again, so that nothing is deleted by a slip");
        invoke(second, "delete", "second");
        invoke(snapshot, "delete", "before-the-change");
        invoke(volume, "delete", "first");

        step("Show that nothing is left");
        for (String count : List.of("VolumeCount", "SnapshotCount", "UnfinishedCount")) {
            Object value = server.getAttribute(DAEMON, count);
            say("%s %s = %s", DAEMON, count, value);
            require(value.equals(0L), count + " should be 0");
        }
        for (String pattern : List.of("cairn:type=Volume,*", "cairn:type=Snapshot,*")) {
            Set<ObjectName> left = server.queryNames(name(pattern), null);
            require(left.isEmpty(), "MBeans are left: " + left);
        }
        List<Path> files = files();
        say("Files in %s: %s", folder, files);
        require(
                files.equals(List.of(Path.of("cairn.backend"))),
                "only cairn.backend should be left, which says whose folder it is");

        System.out.println();
        System.out.println("Everything was as it should be.");
    }

    // ---- MBeans

    private void requireUp() throws Wrong, JMException, IOException {
        require(
                text(BACKEND, "State").equals("up"),
                "the backend is down: %s. With --dir DIR the volumes are kept elsewhere"
                        .formatted(text(BACKEND, "StateReason")));
    }

    private String invoke(ObjectName bean, String operation, String... arguments)
            throws JMException, IOException {
        List<String> quoted = Arrays.stream(arguments).map(text -> '"' + text + '"').toList();
        say("%s %s(%s)", bean, operation, String.join(", ", quoted));
        String[] signature = new String[arguments.length];
        Arrays.fill(signature, String.class.getName());
        String result = (String) server.invoke(bean, operation, arguments, signature);
        say("  -> %s", result);
        return result;
    }

    /** For operations that return the name of what they made; it must be there. */
    private ObjectName call(ObjectName bean, String operation, String... arguments)
            throws Wrong, JMException, IOException {
        ObjectName made = new ObjectName(invoke(bean, operation, arguments));
        require(server.isRegistered(made), "there is no such MBean");
        String state = text(made, "State");
        require(state.equals("available"), "it is " + state);
        return made;
    }

    private String text(ObjectName bean, String attribute) throws JMException, IOException {
        return (String) server.getAttribute(bean, attribute);
    }

    private List<ObjectName> names(ObjectName bean, String attribute)
            throws JMException, IOException {
        return List.of((ObjectName[]) server.getAttribute(bean, attribute));
    }

    private Path image(ObjectName volume) throws JMException, IOException {
        return Path.of(text(volume, "Location"));
    }

    private static ObjectName name(String text) {
        try {
            return new ObjectName(text);
        } catch (JMException e) {
            throw new IllegalArgumentException(e);
        }
    }

    // ---- content

    private static byte[] pattern(int seed) {
        byte[] bytes = new byte[(int) MIB];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static void write(Path image, int seed) throws IOException {
        // Closed before the snapshot: where it is a copy, the volume may not be in use.
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            for (long place : PLACES) {
                ByteBuffer bytes = ByteBuffer.wrap(pattern(seed));
                while (bytes.hasRemaining()) {
                    channel.write(bytes, place + bytes.position());
                }
            }
            channel.force(false);
        }
    }

    /** Compares every byte, those that were never written included. */
    private static void requirePattern(Path image, int seed) throws Wrong, IOException {
        byte[] expected = new byte[(int) SIZE];
        for (long place : PLACES) {
            System.arraycopy(pattern(seed), 0, expected, (int) place, (int) MIB);
        }
        int difference = Arrays.mismatch(expected, Files.readAllBytes(image));
        require(difference < 0, "%s has another byte at %d".formatted(image, difference));
    }

    private static String fingerprint(Path image) throws IOException {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(image));
            return HexFormat.of().formatHex(hash, 0, 8) + "...";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return new ArrayList<>(
                    all.filter(Files::isRegularFile).map(folder::relativize).toList());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private String fileSystem() throws IOException {
        return Files.getFileStore(folder).type();
    }

    // ---- words

    private void step(String what) {
        step++;
        System.out.println();
        System.out.println(step + ". " + what);
    }

    private static void say(String text, Object... values) {
        System.out.println("   " + (values.length == 0 ? text : text.formatted(values)));
    }

    private static void require(boolean holds, String otherwise) throws Wrong {
        if (!holds) {
            throw new Wrong(otherwise);
        }
    }
}
