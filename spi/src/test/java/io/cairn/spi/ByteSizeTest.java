package io.cairn.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Random;

final class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "0B,0",
        "1B,1",
        "1KiB,1024",
        "1kB,1000",
        "512MiB,536870912",
        "10 GiB,10737418240",
        "2TB,2000000000000",
        "7PiB,7881299347898368",
        "9223372036854775807B,9223372036854775807"
    })
    void sizesAreReadToTheByte(String text, long bytes) {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "10",
                "-1GiB",
                "1.5GiB",
                "GiB",
                "10gib",
                "10 GiB ",
                "0x10B",
                "1e3B",
                "10XiB",
                "１GiB",
                "9223372036854775808B",
                "9000PiB",
                "99999999999999999999B"
            })
    void anythingElseIsRefusedWithAHint(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void whatIsWrittenReadsBack() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            long mask = -(1L << (10 * random.nextInt(3)));
            long size = (random.nextLong(Long.MAX_VALUE) >>> random.nextInt(63)) & mask;
            assertThat(ByteSize.parse(ByteSize.format(size))).as("seed %d", seed).isEqualTo(size);
        }
    }
}
