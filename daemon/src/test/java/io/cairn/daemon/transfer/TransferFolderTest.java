package io.cairn.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/** The files of exports and imports, and what is beside them. */
final class TransferFolderTest {
    @TempDir private Path folder;

    @Test
    void whatAKilledDaemonLeftIsRemovedAndNothingElse() throws Exception {
        Path transfers = folder.resolve("transfer");
        TransferFolder folderOf = new TransferFolder(transfers);
        folderOf.write("first.json", out -> out.write('1'));
        Path left = put(transfers, ".all.json.%s.new".formatted(UUID.randomUUID()), true);
        Path running = put(transfers, ".all.json.%s.new".formatted(UUID.randomUUID()), false);
        Path operators = put(transfers, ".notes.new", true);
        folderOf.write("second.json", out -> out.write('2'));
        assertThat(left).doesNotExist();
        assertThat(transfers)
                .isDirectoryContaining(running::equals)
                .isDirectoryContaining(operators::equals)
                .isDirectoryContaining("glob:**/first.json")
                .isDirectoryContaining("glob:**/second.json");
    }

    private static Path put(Path transfers, String name, boolean old) throws IOException {
        Path file = Files.writeString(transfers.resolve(name), "secret");
        if (old) {
            Files.setLastModifiedTime(
                    file, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        }
        return file;
    }
}
