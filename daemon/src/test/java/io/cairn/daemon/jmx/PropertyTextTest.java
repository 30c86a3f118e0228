package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

final class PropertyTextTest {
    private static final String ALPHABET = "ab=, \"\\\t'.-é😀";

    @Test
    void nothingIsNothing() throws Exception {
        assertThat(PropertyText.parse("")).isEmpty();
        assertThat(PropertyText.parse("  ")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a=b | b",
                "a=b=c | b=c",
                "a=two words | two words",
                "a = b  | b",
                "a=\"b, c\" | b, c",
                "a=b\\, c | b, c",
                "a=\"say \\\"hi\\\"\" | say \"hi\"",
                "a=c:\\\\d | c:\\d",
                "a=it's | it's",
            })
    void aValueIsReadAsItIsMeant(String text, String value) throws Exception {
        assertThat(PropertyText.parse(text)).isEqualTo(Map.of("a", value));
    }

    @Test
    void severalAreReadInTheirOrder() throws Exception {
        assertThat(PropertyText.parse("z=1, a=\"2,3\",label.team=db,e="))
                .containsExactly(
                        Map.entry("z", "1"),
                        Map.entry("a", "2,3"),
                        Map.entry("label.team", "db"),
                        Map.entry("e", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "String",
                "a",
                "=b",
                "a=b,",
                ",a=b",
                "a=b,,c=d",
                "a=1,a=2",
                "a=\"b",
                "a=\"b\"c",
                "a=b\"c\"",
                "a=b\\",
                "a b=c",
                "ä=b",
                "a=b\nb=c,d"
            })
    void whatCannotBeMeantIsRefused(String text) {
        assertThatThrownBy(() -> PropertyText.parse(text))
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.code()).isEqualTo(Code.INVALID))
                .hasMessageContaining("cannot be read: ")
                .hasMessageContaining("key=value,key=value");
    }

    @Test
    void whatIsWrittenIsReadBack() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 10_000; round++) {
            Map<String, String> values = new LinkedHashMap<>();
            for (int i = random.nextInt(5); i > 0; i--) {
                values.put("key." + random.nextInt(10), junk(random, 12));
            }
            String text = PropertyText.format(values);
            assertThat(PropertyText.parse(text)).as("seed %d: %s", seed, text).isEqualTo(values);
        }
    }

    @Test
    void junkIsReadOrRefusedAndWhatIsReadIsWrittenBack() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        int read = 0;
        for (int round = 0; round < 50_000; round++) {
            String text = junk(random, 15);
            Map<String, String> values;
            try {
                values = PropertyText.parse(text);
            } catch (OperationException _) {
                continue;
            }
            read++;
            assertThat(PropertyText.parse(PropertyText.format(values)))
                    .as("seed %d: %s", seed, text)
                    .isEqualTo(values);
        }
        assertThat(read).as("seed %d", seed).isPositive();
    }

    private static String junk(Random random, int longest) {
        int[] letters = ALPHABET.codePoints().toArray();
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(longest + 1); i > 0; i--) {
            text.appendCodePoint(letters[random.nextInt(letters.length)]);
        }
        return text.toString();
    }
}
