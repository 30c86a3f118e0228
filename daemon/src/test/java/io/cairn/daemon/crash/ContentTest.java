package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Any wrong content is noticed. */
final class ContentTest {
    private static final int SIZE = 64 << 10;

    private final Content content = Content.of(7, SIZE, Content.WITH_THE_OBJECT);
    private final Path image;

    ContentTest(@TempDir Path folder) throws IOException {
        image = Files.write(folder.resolve("image"), new byte[SIZE]);
    }

    @Test
    void whatWasWrittenIsRight() throws IOException {
        content.writeTo(image, true);

        assertThat(content.problemOf(image)).isEmpty();
    }

    @Test
    void zeroesAreWrong() throws IOException {
        assertThat(content.problemOf(image))
                .hasValueSatisfying(p -> assertThat(p).contains("byte"));
    }

    @Test
    void anotherGenerationInOneBlockIsWrong() throws IOException {
        Content.of(8, SIZE, Content.WITH_THE_OBJECT).writeTo(image, false);
        byte[] newer = Files.readAllBytes(image);
        content.writeTo(image, false);
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            assertThat(channel.write(ByteBuffer.wrap(newer, 4096, 4096), 4096)).isEqualTo(4096);
        }

        assertThat(content.problemOf(image))
                .hasValueSatisfying(
                        p -> assertThat(p).contains("generation 8 and place 4096 instead of"));
    }

    @Test
    void theRestOfALargerVolumeIsZeroes() throws IOException {
        byte[] larger = new byte[SIZE + 4096];
        content.writeTo(image, false);
        System.arraycopy(Files.readAllBytes(image), 0, larger, 0, SIZE);
        Files.write(image, larger);

        assertThat(content.in(larger.length).problemOf(image)).isEmpty();
    }
}
