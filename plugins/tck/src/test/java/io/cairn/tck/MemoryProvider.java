package io.cairn.tck;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A driver of storage in this process's memory, right or wrong in one chosen way. */
final class MemoryProvider implements DriverProvider {
    private static final Map<Path, MemoryStorage> STORAGES = new ConcurrentHashMap<>();

    private final Flaw flaw;

    /** What the driver does wrong. */
    enum Flaw {
        NONE,
        CUTS_AGAIN,
        FORGETS_MARKS,
        LEAVES_RUBBISH,
        SHARES_CLONES_WITH_THEIR_SOURCE,
        KEEPS_OLD_CONTENT,
        ROUNDS_SIZES,
        LISTS_TOO_LITTLE,
        TAKES_ANY_STORAGE,
        TAKES_FRESH_STORAGE_FOR_USED,
        DECLARES_WRONG_TRAITS,
        DELETES_VOLUMES_WITH_SNAPSHOTS,
        IGNORES_THE_SOURCE,
        IGNORES_THE_MARK,
        FAILS_TO_DELETE_TWICE,
        HIDES_A_CAPABILITY,
        DELETES_WHAT_IS_USED,
        SHRINKS_WHEN_REVERTED,
        DETACHES_WHAT_IS_OPEN,
        LEAVES_WHAT_IT_ADOPTED,
        MEASURES_WHAT_IS_SHARED,
        MEASURES_ITS_VOLUME_ALONE,
        MEASURES_NOTHING,
        MEASURES_WHAT_IS_NOT_THERE,
        DIFFERS_EVERYWHERE,
        DIFFERS_TOO_LITTLE,
    }

    MemoryProvider(Flaw flaw) {
        this.flaw = flaw;
    }

    static MemoryStorage storage(Path path) {
        return STORAGES.computeIfAbsent(path, _ -> new MemoryStorage());
    }

    static void forget(Path path) {
        STORAGES.remove(path);
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                "1",
                "Cairn",
                "Keeps volumes in memory.",
                List.of(Option.required("storage", Option.Type.PATH, "Names the storage.")));
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings) throws DriverException {
        MemoryStorage storage = storage(settings.path("storage"));
        switch (flaw) {
            case TAKES_ANY_STORAGE -> {}
            case TAKES_FRESH_STORAGE_FOR_USED ->
                    storage.claim(new BackendIdentity(self.daemon(), self.backend()));
            default -> storage.claim(self);
        }
        return new MemoryDriver(storage, flaw);
    }
}
