package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Arrays;

/** Any wrong content is noticed. */
final class ContentTest {
    private static final int SIZE = 64 << 10;

    private final Content content = Content.of(7, SIZE, Content.WITH_THE_OBJECT);

    @Test
    void whatWasWrittenIsRight() {
        assertThat(content.problemOf(content.bytes())).isEmpty();
    }

    @Test
    void zeroesAreWrong() {
        assertThat(content.problemOf(new byte[SIZE]))
                .hasValueSatisfying(p -> assertThat(p).contains("byte"));
    }

    @Test
    void anotherGenerationInOneBlockIsWrong() {
        byte[] newer = Content.of(8, SIZE, Content.WITH_THE_OBJECT).bytes();
        byte[] found = content.bytes();
        System.arraycopy(newer, 4096, found, 4096, 4096);

        assertThat(content.problemOf(found))
                .hasValueSatisfying(
                        p -> assertThat(p).contains("generation 8 and place 4096 instead of"));
    }

    @Test
    void theRestOfALargerVolumeIsZeroes() {
        byte[] larger = Arrays.copyOf(content.bytes(), SIZE + 4096);

        assertThat(content.in(larger.length).problemOf(larger)).isEmpty();
    }
}
