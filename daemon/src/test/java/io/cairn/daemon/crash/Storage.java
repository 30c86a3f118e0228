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
final class Storage {
    private static final Pattern GIVEN_UP =
            Pattern.compile(".+-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\\.img");

    private final Path backend;
    private final Records records;
    private final Loss loss;
    private final Problems problems;

    Storage(Path backend, Records records, Loss loss, Problems problems) {
        this.backend = backend;
        this.records = records;
        this.loss = loss;
        this.problems = problems;
    }

    /** The volumes that were given up, by their ids; what else lies there is told by the check. */
    Map<String, Item> givenUp() throws IOException {
        Map<String, Item> files = new TreeMap<>();
        for (String name : names(backend)) {
            Matcher matcher = GIVEN_UP.matcher(name);
            if (matcher.matches()) {
                String id = matcher.group(1);
                long bytes = Files.size(backend.resolve(name));
                Item other = files.put(id, Item.ofFile(id, GivenUp.HERE + name, bytes));
                if (other != null) {
                    problems.add("%s was given up as another file too".formatted(other));
                }
            }
        }
        return files;
    }

    /** Where a volume's bytes are, or would be: of a volume, or of a file if it was given up. */
    static Path image(Layout layout, Path backend, String id) throws IOException {
        Path image = layout.volume(backend.resolve("volumes").resolve(id));
        if (!Files.exists(image)) {
            for (String name : names(backend)) {
                if (name.endsWith("-%s.img".formatted(id))) {
                    return backend.resolve(name);
                }
            }
        }
        return image;
    }

    void check(Found found) throws IOException {
        checkFiles(found);
        checkDevices(found);
        checkContents(found);
    }

    private void checkFiles(Found found) throws IOException {
        Set<String> top = new TreeSet<>(Set.of("cairn.backend", "volumes", "snapshots"));
        found.files()
                .values()
                .forEach(item -> top.add(item.name().substring(GivenUp.HERE.length())));
        problems.expect("the backend's folder", top, names(backend));
        problems.expect(
                "the folder of volumes",
                found.volumes().keySet(),
                names(backend.resolve("volumes")));
        problems.expect(
                "the folder of snapshots",
                found.snapshots().keySet(),
                names(backend.resolve("snapshots")));
        for (Item volume : found.volumes().values()) {
            Path home = home(volume);
            if (Files.exists(home)) {
                Set<String> there = names(home);
                problems.expect(
                        "the folder of " + volume.name(),
                        layout().names(found.snapshotsOf(volume.id()).values(), there),
                        there);
            }
        }
    }

    /** What is attached has a device, and nothing else of the backend has one. */
    private void checkDevices(Found found) throws IOException {
        Set<Path> wanted =
                found.volumes().values().stream()
                        .filter(volume -> volume.attachState().equals(Changing.ATTACHED))
                        .map(this::file)
                        .collect(Collectors.toCollection(TreeSet::new));
        problems.expect("the files with devices", wanted, Devices.below(backend).keySet());
    }

    private void checkContents(Found found) throws IOException {
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
        }
    }

    private void checkContent(Item item) throws IOException {
        Path file = file(item);
        if (!Files.exists(file) || !(item.shared() || records.isAsked(item.id()))) {
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
        Optional<String> problem = whole.problemOf(file);
        Optional<Content> other =
                records.other(item.id(), loss).map(to -> to.resized(item.sizeBytes()));
        if (problem.isPresent() && other.isPresent() && other.get().problemOf(file).isEmpty()) {
            whole = other.get();
            problem = Optional.empty();
        }
        problem.ifPresent(text -> problems.add("%s (%s): %s".formatted(item, file, text)));
        if (!item.shared()) {
            records.found(item.id(), whole.durableSince(Content.WITH_THE_OBJECT));
        }
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
                        ? new Layout.Bearer(file, Layout.LABEL)
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
    private static String label(Layout.Bearer bearer) throws IOException {
        UserDefinedFileAttributeView view =
                Files.getFileAttributeView(bearer.file(), UserDefinedFileAttributeView.class);
        if (!view.list().contains(bearer.attribute())) {
            return "";
        }
        ByteBuffer bytes = ByteBuffer.allocate(view.size(bearer.attribute()));
        int length = view.read(bearer.attribute(), bytes);
        return new String(bytes.array(), 0, length, UTF_8);
    }

    private Path file(Item item) {
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

    private static Set<String> names(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.toFile().getName())
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
