package io.cairn.daemon.crash;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.tck.CephNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Images and their snapshots in a namespace of a Ceph cluster, each by the path that its location
 * is. They are looked at and written to with Ceph's and QEMU's own tools.
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

    /** The names of all images, also of those that a killed daemon has half removed. */
    static Set<String> names() throws IOException {
        return new TreeSet<>(tool("rbd", "ls", BACKEND.toString()).lines().toList());
    }

    /** All images and snapshots that are there whole, by their names and sizes. */
    static Map<String, Long> all() throws IOException {
        Map<String, Long> all = new TreeMap<>();
        for (JsonNode each : JSON.readTree(listed())) {
            String image = each.path("image").asText();
            all.put(
                    each.has("snapshot") ? image + "@" + each.path("snapshot").asText() : image,
                    each.path("size").asLong());
        }
        return all;
    }

    /** Of what is half removed it has nothing, and says so by failing. */
    private static byte[] listed() throws IOException {
        List<String> words = List.of("ls", "-l", BACKEND.toString(), "--format", "json");
        try {
            CephNode.Ended ended = CephNode.run(command("rbd", words));
            if (ended.status() != 0 && !ended.errors().contains("No such file or directory")) {
                throw new IOException("rbd ls failed: " + ended.errors());
            }
            return ended.output();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** The objects that are not librbd's own. */
    static Set<String> objects() throws IOException {
        return tool("rados", ofPool("ls"))
                .lines()
                .filter(name -> name.startsWith("cairn."))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The names by which images are found, whatever they are listed by. */
    static Set<String> found() throws IOException {
        return tool("rados", ofPool("ls"))
                .lines()
                .filter(name -> name.startsWith(ID))
                .map(name -> name.substring(ID.length()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    static String object(String name) throws IOException {
        Path text = Files.createTempFile("cairn-crash-", ".card");
        try {
            String _ = tool("rados", ofPool("get", name, text.toString()));
            return Files.readString(text);
        } finally {
            Files.delete(text);
        }
    }

    /** Images that were deleted, and that nothing which is there was made from. */
    static Set<String> unneeded() throws IOException {
        Set<String> parents = new TreeSet<>();
        for (String name : names()) {
            parents.add(parent(BACKEND.resolve(name).toString()));
        }
        Set<String> deleted = new TreeSet<>();
        for (JsonNode each : json("rbd", "trash", "ls", "--all", BACKEND.toString())) {
            deleted.add(each.path("name").asText());
            parents.add(
                    parent(
                            "--pool",
                            CephNode.POOL,
                            "--namespace",
                            BACKEND.getName(1).toString(),
                            "--image-id",
                            each.path("id").asText()));
        }
        deleted.removeAll(parents);
        return deleted;
    }

    private static String parent(String... image) throws IOException {
        List<String> words = new ArrayList<>(List.of("info"));
        words.addAll(List.of(image));
        return json("rbd", words.toArray(String[]::new)).path("parent").path("image").asText();
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
        return List.of(
                printed(
                        "rbd",
                        List.of("export", "--no-progress", image.normalize().toString(), "-")));
    }

    /** It is durable once it was written, since it is read past the device. */
    @Override
    public void write(Path image, byte[] bytes, boolean sync) throws IOException {
        Optional<Path> device = device(image);
        if (device.isPresent()) {
            new PlainImages().write(device.get(), bytes, true);
            return;
        }
        Path content = Files.createTempFile("cairn-crash-", ".bytes");
        try {
            Files.write(content, bytes);
            String disk =
                    "driver=rbd,conf=%s,user=cairn,pool=%s,namespace=%s,image=%s"
                            .formatted(conf(), CephNode.POOL, BACKEND.getName(1), name(image));
            String said =
                    said(
                            List.of(
                                    "qemu-io",
                                    "--image-opts",
                                    "-t",
                                    "writeback",
                                    "-c",
                                    "write -s %s 0 %d".formatted(content, bytes.length),
                                    "-c",
                                    "flush",
                                    disk));
            if (!said.contains("wrote %d/%d bytes".formatted(bytes.length, bytes.length))) {
                throw new IOException("qemu-io does not say that it wrote: " + said);
            }
        } finally {
            Files.delete(content);
        }
    }

    private static String name(Path image) {
        return image.toFile().getName();
    }

    private static String[] ofPool(String... words) {
        List<String> all =
                new ArrayList<>(List.of("-p", CephNode.POOL, "-N", BACKEND.getName(1).toString()));
        all.addAll(List.of(words));
        return all.toArray(String[]::new);
    }

    private static JsonNode json(String program, String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--format", "json"));
        return JSON.readTree(printed(program, all));
    }

    private static String tool(String program, String... words) throws IOException {
        try {
            return CephNode.asAdmin(program, folder(), words);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static byte[] printed(String program, List<String> words) throws IOException {
        try {
            return CephNode.printed(command(program, words));
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static List<String> command(String program, List<String> words) {
        List<String> command =
                new ArrayList<>(List.of(program, "--conf", conf().toString(), "--id", "admin"));
        command.addAll(words);
        return command;
    }

    private static String said(List<String> command) throws IOException {
        try {
            return CephNode.said(command);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IOException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IOException("interrupted while a tool ran", e);
    }
}
