package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.crash.Found.Item;
import io.cairn.daemon.crash.Ledger.Loss;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Holds what lies on a backend against what its daemon says and against the clients' records. It is
 * looked at by its files alone.
 */
class Storage {
    private static final Pattern ID =
            Pattern.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    protected final Problems problems;

    private final Path backend;
    private final Records records;
    private final Loss loss;

    Storage(Path backend, Records records, Loss loss, Problems problems) {
        this.backend = backend;
        this.records = records;
        this.loss = loss;
        this.problems = problems;
    }

    /** The volumes that were given up, by their ids; what else lies there is told by the check. */
    Map<String, Item> givenUp() throws IOException {
        Map<String, Item> files = new TreeMap<>();
        for (String name : names()) {
            Matcher matcher = ID.matcher(name);
            if (matcher.find() && isGivenUp(name, matcher.group())) {
                String id = matcher.group();
                long bytes = layout().images().sizeBytes(backend.resolve(name));
                Item other = files.put(id, Item.ofFile(id, GivenUp.HERE + name, bytes));
                if (other != null) {
                    problems.add("%s was given up as another file too".formatted(other));
                }
            }
        }
        return files;
    }

    /** Where a volume's bytes are, or would be: of a volume, or of a file if it was given up. */
    Path image(String id) throws IOException {
        Path image = layout().volume(backend.resolve("volumes").resolve(id));
        if (!layout().images().exists(image)) {
            for (String name : names()) {
                if (isGivenUp(name, id)) {
                    return backend.resolve(name);
                }
            }
        }
        return image;
    }

    private boolean isGivenUp(String name, String id) {
        String[] sides = layout().givenUp("|", id).split("\\|", 2);
        return name.startsWith(sides[0]) && name.endsWith(sides[1]);
    }

    /** What there is at the top of the backend. */
    protected Set<String> names() throws IOException {
        return names(backend);
    }

    void check(Found found) throws IOException {
        checkFiles(found);
        checkDevices(found);
        checkContents(found);
    }

    protected void checkFiles(Found found) throws IOException {
        Set<String> there = names(backend);
        Set<String> top = layout().top(there);
        found.files()
                .values()
                .forEach(item -> top.add(item.name().substring(GivenUp.HERE.length())));
        problems.expect("the backend's folder", top, there);
        problems.expect(
                "the folder of volumes",
                found.volumes().keySet(),
                names(backend.resolve("volumes")));
        problems.expect(
                "the folder of snapshots",
                found.snapshots().keySet(),
                layout().claims(backend.resolve("snapshots")));
        for (Item volume : found.volumes().values()) {
            Path home = home(volume);
            if (Files.exists(home)) {
                Set<String> own = names(home);
                problems.expect(
                        "the folder of " + volume.name(),
                        layout().names(found.snapshotsOf(volume.id()).values(), own),
                        own);
            }
        }
    }

    /**
     * What is attached has a device, and nothing else of the backend has one, nor any process that
     * one would need.
     */
    private void checkDevices(Found found) throws IOException {
        List<Item> attached =
                found.volumes().values().stream()
                        .filter(volume -> volume.attachState().equals(Changing.ATTACHED))
                        .toList();
        Set<Path> wanted =
                attached.stream()
                        .map(volume -> layout().shown(file(volume)))
                        .collect(Collectors.toCollection(TreeSet::new));
        problems.expect("the files with devices", wanted, layout().devices(backend));
        boolean served = layout().served();
        Path serving = layout().serving(backend);
        problems.expect("what is mounted", served ? wanted : Set.of(), Helpers.mounted(serving));
        List<String> ids = served ? attached.stream().map(Item::id).toList() : List.of();
        problems.expect("the processes", Helpers.wanted(serving, ids), Helpers.running(serving));
        Path exports = serving.resolve(Chains.EXPORTS);
        if (Files.exists(exports)) {
            problems.expect("the folder of exports", Chains.exports(ids), names(exports));
        }
    }

    protected void checkContents(Found found) throws IOException {
        for (Item volume : found.volumes().values()) {
            checkContent(volume);
        }
        for (Item file : found.files().values()) {
            checkContent(file);
        }
        for (Item snapshot : found.snapshots().values()) {
            Path file = file(snapshot);
            checkContent(snapshot);
            if (layout() == Layout.FILES
                    && Files.exists(file)
                    && !Files.getAttribute(file, "unix:nlink").equals(2)) {
                problems.add("%s has not just two names".formatted(file));
            }
            if (layout() == Layout.CHAINS) {
                Path link = backend.resolve("snapshots").resolve(snapshot.id());
                problems.expect(
                        "where %s leads".formatted(link),
                        file,
                        Files.isSymbolicLink(link) ? link.toRealPath() : link);
            }
        }
    }

    private void checkContent(Item item) throws IOException {
        Path file = file(item);
        if (!layout().images().exists(file) || !(item.shared() || records.isAsked(item.id()))) {
            return; // That it is missing, or should be, is told already.
        }
        checkLabel(item, file);
        Content content =
                item.shared() ? Content.zeroes(Making.SIZE_BYTES) : records.content(item.id());
        Set<String> sizes =
                records.versions.possible(
                        Versions.key(item.id(), Changing.SIZE),
                        Long.toString(
                                item.shared()
                                        ? content.sizeBytes()
                                        : records.firstBytes(item.id())),
                        loss);
        problems.expectOneOf("the size of " + item, sizes, Long.toString(item.sizeBytes()));
        Content whole = content.resized(item.sizeBytes());
        List<byte[]> views = layout().images().views(file);
        Optional<String> problem = problemOf(whole, views);
        Optional<Content> other =
                records.other(item.id(), loss).map(to -> to.resized(item.sizeBytes()));
        if (problem.isPresent() && other.isPresent() && problemOf(other.get(), views).isEmpty()) {
            whole = other.get();
            problem = Optional.empty();
        }
        problem.ifPresent(text -> problems.add("%s (%s): %s".formatted(item, file, text)));
        if (!item.shared()) {
            records.found(item.id(), whole.durableSince(Content.WITH_THE_OBJECT));
        }
    }

    private static Optional<String> problemOf(Content wanted, List<byte[]> views) {
        return views.stream().map(wanted::problemOf).flatMap(Optional::stream).findFirst();
    }

    /** A lost state can be rebuilt only from what the files bear. */
    private void checkLabel(Item item, Path file) throws IOException {
        if (isFile(item)) {
            problems.expect(
                    "what %s bears".formatted(file),
                    "",
                    label(new Layout.Bearer(file, Layout.LABEL)));
            return;
        }
        Layout.Bearer bearer =
                isVolume(item)
                        ? layout().bearer(home(item))
                        : layout().bearer(home(item), item.id());
        Map<String, String> label = new HashMap<>();
        for (String line : label(bearer).lines().toList()) {
            String[] words = line.split(" ", 2);
            label.put(words[0], words[words.length - 1]);
        }
        Map<String, String> mark = new HashMap<>();
        for (String field : label.getOrDefault("mark", "").split("&", -1)) {
            String[] sides = field.split("=", 2);
            mark.put(sides[0], URLDecoder.decode(sides[sides.length - 1], UTF_8));
        }
        problems.expect(
                "the id that %s bears".formatted(file), item.id(), label.getOrDefault("id", ""));
        problems.expect(
                "the name and the description that %s bears".formatted(file),
                item.title(),
                Changing.title(
                        mark.getOrDefault("name", ""), mark.getOrDefault("description", "")));
    }

    /** What a file bears, or nothing. */
    protected String label(Layout.Bearer bearer) throws IOException {
        if (bearer.attribute().equals(Layout.IN_ITSELF)) {
            return Files.readString(bearer.file());
        }
        UserDefinedFileAttributeView view =
                Files.getFileAttributeView(bearer.file(), UserDefinedFileAttributeView.class);
        if (!view.list().contains(bearer.attribute())) {
            return "";
        }
        ByteBuffer bytes = ByteBuffer.allocate(view.size(bearer.attribute()));
        int length = view.read(bearer.attribute(), bytes);
        return new String(bytes.array(), 0, length, UTF_8);
    }

    protected Path file(Item item) {
        if (isFile(item)) {
            return backend.resolve(item.name());
        }
        return isVolume(item)
                ? layout().volume(home(item))
                : layout().snapshot(home(item), item.id());
    }

    private static boolean isVolume(Item item) {
        return item.id().equals(item.volume());
    }

    private Layout layout() {
        return records.layout();
    }

    private static boolean isFile(Item item) {
        return item.name().startsWith(GivenUp.HERE);
    }

    private Path home(Item item) {
        return backend.resolve("volumes").resolve(item.volume());
    }

    static Set<String> names(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.toFile().getName())
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
