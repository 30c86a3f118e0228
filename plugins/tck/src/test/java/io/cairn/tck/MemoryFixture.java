package io.cairn.tck;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Export;
import io.cairn.spi.Inventory;
import io.cairn.tck.MemoryProvider.Flaw;

import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The TCK on the driver of memory, which dies with its process and so is never killed. */
abstract class MemoryFixture extends BaseDriverTest {
    private final Flaw flaw;

    MemoryFixture(Flaw flaw) {
        this.flaw = flaw;
    }

    @Override
    protected DriverProvider provider() {
        return new MemoryProvider(flaw);
    }

    @Override
    protected Map<String, String> settings(Path storage) {
        return Map.of("storage", storage.toString());
    }

    @Override
    protected Set<Trait> traits() {
        return Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES, Trait.MULTI_ATTACH);
    }

    @Override
    protected Set<Capability> capabilities() {
        return Set.of(Capability.values());
    }

    @Override
    protected void plant(Path storage, String name, long sizeBytes) {
        MemoryProvider.storage(storage)
                .put(MemoryAdopting.FOLDER + name, sizeBytes, new HashMap<>());
    }

    @Override
    protected String locationOf(Path storage, String unmanaged) {
        return MemoryAdopting.FOLDER + unmanaged;
    }

    @Override
    protected SeekableByteChannel connect(Export export, boolean writable) {
        String id = String.valueOf(export.info().get("connection"));
        if (!MemoryProvider.storage(storage).exports.containsKey(ConnectionId.parse(id))) {
            throw new AssertionError("nobody answers");
        }
        if (writable && "read".equals(export.info().get("access"))) {
            throw new IllegalStateException("the export is read-only");
        }
        return content(String.valueOf(export.info().get("uri")), writable);
    }

    @Override
    protected List<String> leftBehind(Path storage) {
        MemoryStorage used = MemoryProvider.storage(storage);
        List<String> left = new ArrayList<>(used.attached.keySet());
        used.exports.keySet().forEach(id -> left.add(id.toString()));
        return left;
    }

    @Override
    protected boolean outlivesItsProcess() {
        return false;
    }

    @Override
    protected SeekableByteChannel content(String location, boolean writable) {
        return MemoryProvider.storage(storage).open(location, writable);
    }

    @Override
    protected SeekableByteChannel uncached(String device) {
        return content(device, true);
    }

    @Override
    protected List<String> rubbish(Path storage, Inventory inventory) {
        List<String> found = new ArrayList<>(MemoryProvider.storage(storage).locations());
        found.removeIf(location -> location.startsWith(MemoryAdopting.FOLDER));
        inventory.volumes().forEach(volume -> found.remove(volume.location()));
        inventory.snapshots().forEach(snapshot -> found.remove(snapshot.location()));
        return found;
    }

    @Override
    protected void release(Path storage) {
        MemoryProvider.forget(storage);
    }
}
