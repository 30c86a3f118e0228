package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

/** One folder, one daemon. */
final class FolderLockTest {
    @TempDir private Path folder;

    @Test
    void aSecondStoreInTheSameProcessIsRefused() throws Exception {
        try (StateStore _ = Items.open(folder)) {
            StoreException e =
                    catchThrowableOfType(StoreException.class, () -> Items.open(folder).close());

            assertThat(e.kind()).isEqualTo(StoreException.Kind.LOCKED);
        }
    }

    @Test
    void theSameFolderByAnotherNameIsRefused(@TempDir Path other) throws Exception {
        Path link = Files.createSymbolicLink(other.resolve("link"), folder);
        try (StateStore _ = Items.open(folder)) {
            StoreException e =
                    catchThrowableOfType(StoreException.class, () -> Items.open(link).close());

            assertThat(e.kind()).isEqualTo(StoreException.Kind.LOCKED);
        }
    }

    @Test
    void aSecondProcessIsRefusedAndToldWhoHasIt() throws Exception {
        try (StateStore _ = Items.open(folder)) {
            // The refusal within this process must not have let go of the lock.
            assertThatThrownBy(() -> Items.open(folder).close()).isInstanceOf(StoreException.class);
            try (Child child = Child.start(folder, 1)) {
                assertThat(child.output().readLine())
                        .startsWith("LOCKED: the state in " + folder.toRealPath())
                        .contains("in use by process " + ProcessHandle.current().pid());
            }
        }
    }

    @Test
    void theFolderOfAKilledProcessCanBeOpenedAtOnce() throws Exception {
        try (Child child = Child.start(folder, 1)) {
            assertThat(child.output().readLine()).isEqualTo("open");
            StoreException e =
                    catchThrowableOfType(StoreException.class, () -> Items.open(folder).close());
            assertThat(e).hasMessageContaining("process " + child.pid());
            child.kill();
        }

        try (StateStore store = Items.open(folder)) {
            assertThat(store.health().state()).isEqualTo(StoreHealth.State.OPEN);
        }
    }

    @Test
    void aClosedStoreLetsGoOfItsFolder() throws Exception {
        Items.open(folder).close();

        try (StateStore store = Items.open(folder)) {
            assertThat(store.health().state()).isEqualTo(StoreHealth.State.OPEN);
        }
    }
}
