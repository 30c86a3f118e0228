package io.cairn.plugin.rbd;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.tck.BaseDriverTest;
import io.cairn.tck.Capability;
import io.cairn.tck.LeftBehind;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The TCK on namespaces of a cluster of its own. */
@Tag("ceph")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RbdDriverTest extends BaseDriverTest {
    private @Nullable OneNode node;

    /** That was opened last. */
    private Path namespace = Path.of("/nonexistent");

    @BeforeAll
    void startCluster() throws Exception {
        node = OneNode.start();
    }

    @AfterAll
    void stopCluster() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    @Override
    protected DriverProvider provider() {
        return new RbdDriverProvider();
    }

    @Override
    protected Map<String, String> settings(Path storage) {
        namespace = storage;
        return Map.of(
                RbdDriverProvider.CONF, OneNode.conf(storage).toString(),
                RbdDriverProvider.POOL, OneNode.POOL,
                RbdDriverProvider.NAMESPACE, OneNode.name(storage),
                RbdDriverProvider.ATTACH_BY, AttachBy.NBD.word(),
                ExportOptions.DIRECTORY, storage.toString());
    }

    @Override
    protected Set<Trait> traits() {
        return Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES);
    }

    @Override
    protected Set<Capability> capabilities() {
        Set<Capability> there =
                EnumSet.of(
                        Capability.GROWING,
                        Capability.CLONING,
                        Capability.REVERTING,
                        Capability.EXPORTING,
                        Capability.ADOPTING,
                        Capability.HANDING,
                        Capability.MEASURING,
                        Capability.BACKGROUND,
                        Capability.INSPECTING,
                        Capability.DIFFERING);
        if (Files.isExecutable(Path.of("/usr/bin/qemu-storage-daemon"))
                && Files.isExecutable(Path.of("/usr/bin/nbdfuse"))
                && Files.isWritable(Path.of("/dev/loop-control"))
                && Files.isWritable(Path.of("/dev/fuse"))) {
            there.add(Capability.ATTACHING);
        }
        return there;
    }

    /** NBD tells no client that the size has changed. */
    @Override
    protected boolean growsWhileAttached() {
        return false;
    }

    @Override
    protected long granularityBytes() {
        return Creation.SECTOR;
    }

    @Override
    protected Path prepare(Path temporary) throws Exception {
        return Objects.requireNonNull(node).namespace();
    }

    @Override
    protected void release(Path storage) throws Exception {
        OneNode.endServing(storage);
        ImageChannel.forget(storage);
    }

    @Override
    protected void plant(Path storage, String name, long sizeBytes) throws Exception {
        String _ =
                OneNode.rbd(
                        Objects.requireNonNull(storage.getParent()),
                        "create",
                        "--size",
                        sizeBytes + "B",
                        locationOf(storage, name));
    }

    @Override
    protected String locationOf(Path storage, String unmanaged) {
        return "%s/%s/%s".formatted(OneNode.POOL, OneNode.name(storage), unmanaged);
    }

    @Override
    protected List<String> leftBehind(Path storage) throws IOException {
        List<String> left = new ArrayList<>(LeftBehind.in(storage));
        left.addAll(OneNode.mounts(storage));
        return left;
    }

    @Override
    protected SeekableByteChannel content(String location, boolean writable) throws IOException {
        if (location.startsWith("/dev/")) {
            return super.content(location, writable);
        }
        return new ImageChannel(namespace, location, writable);
    }

    @Override
    protected long usedBytes(Path storage) throws Exception {
        Objects.requireNonNull(node).settleStats();
        return super.usedBytes(storage);
    }

    @Override
    protected List<String> rubbish(Path storage, Inventory inventory) throws Exception {
        Path folder = Objects.requireNonNull(storage.getParent());
        String name = OneNode.name(storage);
        Set<String> known = new HashSet<>(Set.of(Names.BACKEND, Tenure.CLIENT));
        inventory.volumes().forEach(volume -> known.add(Names.image(volume.id())));
        inventory.volumes().forEach(volume -> known.add(Names.card(volume.id())));
        inventory.snapshots().forEach(snapshot -> known.add(Names.card(snapshot.id())));
        inventory
                .snapshots()
                .forEach(
                        snapshot ->
                                known.add(
                                        "%s@%s"
                                                .formatted(
                                                        Names.image(snapshot.volume()),
                                                        snapshot.id())));
        List<String> found = new ArrayList<>();
        String of = OneNode.POOL + "/" + name;
        for (String image : lines(OneNode.rbd(folder, "ls", of))) {
            found.add(image);
            // Of each a line of five words, below a headline.
            for (String line : lines(OneNode.rbd(folder, "snap", "ls", of + "/" + image))) {
                String[] words = line.strip().split(" +", -1);
                if (!words[0].equals("SNAPID")) {
                    found.add("%s@%s".formatted(image, words[1]));
                }
            }
        }
        for (String object :
                lines(OneNode.asAdmin("rados", folder, "-p", OneNode.POOL, "-N", name, "ls"))) {
            if (object.startsWith("cairn.")) {
                found.add(object);
            }
            if (object.startsWith("rbd_id.")) {
                found.add(object.substring("rbd_id.".length()));
            }
        }
        found.removeAll(known);
        found.removeIf(each -> each.startsWith("planted") || each.startsWith("volume-"));
        return found;
    }

    private static List<String> lines(String text) {
        return text.lines().filter(line -> !line.isBlank()).toList();
    }
}
