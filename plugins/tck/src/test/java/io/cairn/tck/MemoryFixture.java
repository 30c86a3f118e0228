package io.cairn.tck;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.tck.MemoryProvider.Flaw;

import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
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
        return Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES);
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
    protected List<String> rubbish(Path storage, Inventory inventory) {
        List<String> found = new ArrayList<>(MemoryProvider.storage(storage).locations());
        inventory.volumes().forEach(volume -> found.remove(volume.location()));
        inventory.snapshots().forEach(snapshot -> found.remove(snapshot.location()));
        return found;
    }

    @Override
    protected void release(Path storage) {
        MemoryProvider.forget(storage);
    }
}
