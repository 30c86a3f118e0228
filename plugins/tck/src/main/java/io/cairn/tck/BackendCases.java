package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.spi.Option;
import io.cairn.spi.PoolStats;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** The backend as a whole: what it says of itself, what it holds, and whose it is. */
abstract class BackendCases extends SnapshotCases {
    @Test
    void theProviderSaysWhatItIs() {
        DriverProvider provider = provider();
        assertThat(provider.name()).matches("[a-z0-9-]+");
        assertThat(provider.info()).isEqualTo(provider().info());
        assertThat(provider.info().version()).isNotBlank();
        assertThat(provider.info().vendor()).isNotBlank();
        assertThat(provider.info().description()).isNotBlank();
        assertThat(provider.info().options())
                .allSatisfy(option -> assertThat(option.help()).isNotBlank());
        assertThat(provider.info().options().stream().map(Option::name)).doesNotHaveDuplicates();
    }

    @Test
    void poolsHaveNamesAndSpace() throws Exception {
        List<PoolStats> pools = driver.pools();
        assertThat(pools).isNotEmpty();
        assertThat(pools.stream().map(PoolStats::name)).doesNotHaveDuplicates();
        assertThat(pools).allSatisfy(pool -> assertThat(pool.name()).matches("[a-z0-9._-]{1,63}"));
        assertThat(pools.getFirst().totalBytes()).isPositive();
    }

    @Test
    void theTraitsDeclaredAreTheTraitsMeasured() throws Exception {
        long size = 96 * MIB;
        // More than what file systems set aside at the first data, less than what is written here.
        long little = size / 2;
        BackendFacts facts = driver.facts();
        assertThat(facts.snapshotMethod()).isNotBlank();
        assertThat(facts.snapshotCost()).isNotBlank();
        Set<Trait> measured = EnumSet.noneOf(Trait.class);
        long empty = usedBytes(storage);
        BackendVolume volume = volume(size);
        long made = usedBytes(storage);
        if (made - empty < little) {
            measured.add(Trait.THIN);
        }
        write(volume.location(), size, 1);
        long written = usedBytes(storage);
        if (measured.contains(Trait.THIN)) {
            assertThat(written - made).isGreaterThan(little);
        }
        BackendSnapshot snapshot = snapshot(volume);
        long cut = usedBytes(storage);
        if (cut - written < little) {
            measured.add(Trait.SHARED_SNAPSHOTS);
        }
        clone(snapshot, size);
        if (usedBytes(storage) - cut < little) {
            measured.add(Trait.SHARED_CLONES);
        }
        if (facts.traits().contains(Trait.MULTI_ATTACH)) {
            // Measured where volumes are exported.
            measured.add(Trait.MULTI_ATTACH);
        }
        assertThat(facts.traits()).isEqualTo(measured).isEqualTo(traits());
    }

    @Test
    void theCapabilitiesDeclaredAreThoseThatAreThere() {
        Set<Capability> found = EnumSet.noneOf(Capability.class);
        for (Capability each : Capability.values()) {
            if (each.of(driver)) {
                found.add(each);
            }
        }
        assertThat(found).isEqualTo(capabilities());
    }

    @Test
    void theInventoryIsEmptyAtFirst() throws Exception {
        assertSame(driver.inventory(), new Inventory(List.of(), List.of()));
        verifyNoRubbish();
    }

    @Test
    void theInventoryListsAllAndOnlyWhatIsThere() throws Exception {
        Inventory made = some();
        assertSame(driver.inventory(), made);
        verifyNoRubbish();
    }

    @Test
    void aReopenedBackendHoldsAll() throws Exception {
        Inventory made = some();
        reopen();
        assertSame(driver.inventory(), made);
        for (BackendVolume volume : made.volumes()) {
            assertThat(driver.findVolume(volume.id())).contains(volume);
            verify(volume.location(), volume.sizeBytes(), 1);
        }
        for (BackendSnapshot snapshot : made.snapshots()) {
            assertThat(driver.findSnapshot(snapshot.id(), snapshot.volume())).contains(snapshot);
            verify(snapshot.location(), snapshot.sizeBytes(), 1);
        }
    }

    @Test
    void aBackendOfAnotherDaemonIsRefused() throws Exception {
        volume(MIB);
        close();
        assertFails(CONFLICT, () -> open(new BackendIdentity(new UUID(17, 5), SELF.backend())));
        driver = open(SELF);
    }

    @Test
    void aBackendOfAnotherNameIsRefused() throws Exception {
        volume(MIB);
        close();
        assertFails(CONFLICT, () -> open(new BackendIdentity(SELF.daemon(), "another")));
        driver = open(SELF);
    }

    @Test
    void nobodysStorageIsNotTakenForABackendThatWasUsed() throws Exception {
        replaceStorage();
        BackendIdentity other = new BackendIdentity(new UUID(17, 5), "another");
        BackendIdentity otherUsed = new BackendIdentity(other.daemon(), other.backend(), true);
        BackendIdentity used = new BackendIdentity(SELF.daemon(), SELF.backend(), true);
        assertFails(UNAVAILABLE, () -> open(used));
        assertFails(UNAVAILABLE, () -> open(used));
        // It was left as it was, so that it is still anybody's to claim.
        driver = open(other);
        BackendVolume volume = volume(MIB);
        close();
        driver = open(otherUsed);
        assertThat(driver.findVolume(volume.id())).contains(volume);
    }

    private Inventory some() throws Exception {
        List<BackendVolume> volumes = new ArrayList<>();
        List<BackendSnapshot> snapshots = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            BackendVolume volume = volume(i * MIB, 1);
            volumes.add(volume);
            for (int j = 0; j < i; j++) {
                snapshots.add(snapshot(volume));
            }
            driver.deleteSnapshot(snapshot(volume).id(), volume.id());
        }
        volumes.add(clone(snapshots.getFirst(), MIB));
        driver.deleteVolume(volume(MIB, 2).id());
        return new Inventory(volumes, snapshots);
    }
}
