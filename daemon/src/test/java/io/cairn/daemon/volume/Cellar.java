package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.Target;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A house whose backend keeps what is deleted, and what tests of that do in it. */
final class Cellar implements AutoCloseable {
    static final long MIB = 1L << 20;
    static final TrashPolicy DAY = new TrashPolicy(Duration.ofDays(1), Reserve.NONE);

    final Path folder;
    House house;

    /** By how much the clock of the host is ahead. */
    private volatile Duration ahead = Duration.ZERO;

    /** How much passed besides the time that the test takes. */
    private volatile Duration passed = Duration.ZERO;

    private Cellar(Path folder) throws Exception {
        this.folder = folder;
        house = opened(DAY);
    }

    static Cellar open(Path folder) throws Exception {
        return new Cellar(folder);
    }

    private House opened(TrashPolicy policy) throws Exception {
        return House.open(
                folder,
                policy,
                () -> Instant.now().plus(ahead),
                () -> System.nanoTime() + passed.toNanos());
    }

    /** The clock of the host is set; no time passes. */
    void setClock(Duration by) {
        ahead = ahead.plus(by);
    }

    /** Time passes, as both clocks see. */
    void pass(Duration time) {
        ahead = ahead.plus(time);
        passed = passed.plus(time);
    }

    @Override
    public void close() {
        house.close();
    }

    int inTrash() {
        return (int) house.volumes.trash().count(BACKEND);
    }

    Target restore(String which, String name) throws Exception {
        return house.volumes.restoring().restore(BACKEND, which, name);
    }

    void purge(String which) throws Exception {
        Trashed _ = house.volumes.purging().purge(BACKEND, which);
    }

    void look() throws InterruptedException {
        house.volumes.emptier().look(BACKEND);
    }

    List<UUID> listed() throws OperationException {
        return house.volumes.trash().list(BACKEND, 100, "").items().stream()
                .map(Trashed::id)
                .toList();
    }

    Volume volume(String name) throws Exception {
        return house.volumes.createVolume(
                BACKEND,
                new NewVolume(
                        name,
                        Optional.of(MIB),
                        Optional.empty(),
                        "what for",
                        Map.of("team", "db"),
                        new Particulars("z", "p", "u", Map.of("a:b", "c"), Map.of("iops", "7")),
                        Optional.empty()));
    }

    Snapshot snapshot(Volume volume, String name) throws Exception {
        return house.volumes.createSnapshot(
                volume.id(),
                new NewSnapshot(name, "before", Map.of("kept", "yes"), Optional.empty()));
    }

    void reopen(TrashPolicy policy) throws Exception {
        house.close();
        house = opened(policy);
    }

    void assertNothingOnBackend() throws Exception {
        assertThat(house.inventory().volumes()).isEmpty();
        assertThat(house.inventory().snapshots()).isEmpty();
    }

    void assertNoDrift() throws Exception {
        Checks checks = new Checks(house.volumes, house.backends);
        assertThat(checks.check(BACKEND, Duration.ofMinutes(1)).orElseThrow().drifts()).isEmpty();
    }

    static void refused(Code code, String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
