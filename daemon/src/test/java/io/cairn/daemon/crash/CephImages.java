package io.cairn.daemon.crash;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.tck.CephNode;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

/**
 * Images and their snapshots in a namespace of a Ceph cluster, each by the path that its location
 * is. They are looked at and written to by Ceph's own bindings, and not by the driver.
 */
final class CephImages implements Images {
    static final Path BACKEND = Path.of(CephNode.POOL, "crash");

    /** Begins the name of a volume's image. */
    static final String VOLUME = "cairn-v-";

    /** Begin the names of the objects that say what a volume and a snapshot are. */
    static final String VOLUME_CARD = "cairn.v.";

    static final String SNAPSHOT_CARD = "cairn.s.";

    /** Begins the object that an image is found by, RBD_ID_PREFIX of rbd_types.h. */
    private static final String ID = "rbd_id.";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Those that nobody is asking anything. */
    private static final Queue<CephClient> IDLE = new ConcurrentLinkedQueue<>();

    /** What an enum of layouts cannot be given. */
    private static volatile Optional<Path> cluster = Optional.empty();

    private static volatile Optional<Path> sockets = Optional.empty();

    /**
     * Has the next run use this cluster.
     *
     * @param sockets the folder in which the driver makes one for what serves its volumes
     */
    static void use(CephNode node, Path sockets) throws IOException {
        cluster = Optional.of(node.folder());
        CephImages.sockets = Optional.of(sockets);
        String _ = tool("rbd", "namespace", "create", BACKEND.toString());
    }

    static Path conf() {
        return folder().resolve("ceph.conf");
    }

    static Path sockets() {
        return sockets.orElseThrow(() -> new IllegalStateException("there is no folder"));
    }

    /** What serves volumes keeps its files there, in {@link Chains#EXPORTS}. */
    static Path serving() {
        return sockets().resolve("rbd:%s:%s".formatted(CephNode.POOL, BACKEND.getName(1)));
    }

    /** The file that shows an image while its volume is attached. */
    static Path shown(Path image) {
        return serving().resolve(Chains.EXPORTS).resolve(volume(image) + Chains.SHOWN);
    }

    /** The id of the volume that an image is of; its name if it was given up. */
    private static String volume(Path image) {
        String name = name(image);
        return name.startsWith(VOLUME) ? name.substring(VOLUME.length()) : name;
    }

    private static Path folder() {
        return cluster.orElseThrow(() -> new IllegalStateException("there is no cluster"));
    }

    /** Ends what was to look at the cluster. */
    static void forget() {
        for (CephClient each = IDLE.poll(); each != null; each = IDLE.poll()) {
            each.close();
        }
    }

    private static CephClient.Answer ask(String what, String name, byte... data)
            throws IOException {
        CephClient client = IDLE.poll();
        if (client == null) {
            client = CephClient.start(conf(), BACKEND.getName(1).toString());
        }
        try {
            CephClient.Answer answer = client.ask(what, name, data);
            IDLE.add(client);
            return answer;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    private static Set<String> texts(String what) throws IOException {
        Set<String> texts = new TreeSet<>();
        ask(what, "").value().forEach(each -> texts.add(each.asText()));
        return texts;
    }

    /** The names of all images, also of those that a killed daemon has half removed. */
    static Set<String> names() throws IOException {
        return texts("names");
    }

    /** All images and snapshots that are there whole, by their names and sizes. */
    static Map<String, Long> all() throws IOException {
        Map<String, Long> all = new TreeMap<>();
        ask("all", "")
                .value()
                .properties()
                .forEach(each -> all.put(each.getKey(), each.getValue().asLong()));
        return all;
    }

    /** The objects that are not librbd's own. */
    static Set<String> objects() throws IOException {
        return texts("objects").stream()
                .filter(name -> name.startsWith("cairn."))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The names by which images are found, whatever they are listed by. */
    static Set<String> found() throws IOException {
        return texts("objects").stream()
                .filter(name -> name.startsWith(ID))
                .map(name -> name.substring(ID.length()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    static String object(String name) throws IOException {
        return ask("text", name).value().asText();
    }

    /** Images that were deleted, and that nothing which is there was made from. */
    static Set<String> unneeded() throws IOException {
        Set<String> deleted = new TreeSet<>();
        List<String> ids = new ArrayList<>();
        // The bindings of Ceph 16.2 fail at images that went there since others need them.
        for (JsonNode each :
                JSON.readTree(
                        tool(
                                "rbd",
                                "trash",
                                "ls",
                                "--all",
                                BACKEND.toString(),
                                "--format",
                                "json"))) {
            deleted.add(each.path("name").asText());
            ids.add(each.path("id").asText());
        }
        for (JsonNode parent : ask("parents", String.join(" ", ids)).value()) {
            deleted.remove(parent.asText());
        }
        return deleted;
    }

    /** A volume's image is made before it is the volume's, which the card says. */
    @Override
    public boolean exists(Path image) throws IOException {
        String name = name(image);
        return all().containsKey(name)
                && (name.contains("@")
                        || !name.startsWith(VOLUME)
                        || objects().contains(VOLUME_CARD + volume(image)));
    }

    @Override
    public boolean isWritable(Path image) throws IOException {
        return !Helpers.serving(serving()).containsKey(volume(image)) || device(image).isPresent();
    }

    @Override
    public Optional<Path> device(Path image) throws IOException {
        Path shown = shown(image);
        return Optional.ofNullable(Devices.below(shown).get(shown));
    }

    @Override
    public long sizeBytes(Path image) throws IOException {
        return Objects.requireNonNull(all().get(name(image)), image.toString());
    }

    @Override
    public List<byte[]> views(Path image) throws IOException {
        return List.of(ask("content", name(image)).bytes());
    }

    /** It is durable once it was written, since it is read past the device. */
    @Override
    public void write(Path image, byte[] bytes, boolean sync) throws IOException {
        Optional<Path> device = device(image);
        if (device.isPresent()) {
            new PlainImages().write(device.get(), bytes, true);
            return;
        }
        CephClient.Answer _ = ask("write", name(image), bytes);
    }

    private static String name(Path image) {
        return image.toFile().getName();
    }

    private static String tool(String program, String... words) throws IOException {
        try {
            return CephNode.asAdmin(program, folder(), words);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IOException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IOException("interrupted while a tool ran", e);
    }
}
