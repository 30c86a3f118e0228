package io.cairn.plugin.local;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.Set;

final class NvmeKeyTest {
    @Test
    void itIsWrittenAsTheKernelReadsIt() {
        byte[] key = "0123456789abcdef0123456789abcdef".getBytes(US_ASCII);
        assertThat(NvmeKey.text(key))
                .isEqualTo("DHHC-1:00:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYOtVl3:");
    }

    @Test
    void noTwoAreAlike() {
        Set<String> made = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            made.add(NvmeKey.random());
        }
        assertThat(made).hasSize(1000);
    }
}
