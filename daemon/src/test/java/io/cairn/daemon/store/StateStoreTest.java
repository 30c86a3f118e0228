package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** What callers rely on while nothing goes wrong. */
final class StateStoreTest {
    @TempDir private Path folder;

    @Test
    void whatWasCommittedIsThereAfterReopening() throws Exception {
        try (StateStore store = Items.open(folder)) {
            Items.add(store, 1, "one");
        }
        try (StateStore store = Items.open(folder)) {
            assertThat(Items.ids(store)).containsExactly(1L);
        }
    }
}
