package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

/** The words by which the kernel becomes a client. */
final class KernelClientTest {
    @ParameterizedTest
    @CsvSource({
        "crc secure, prefer-crc",
        "secure crc, prefer-secure",
        "crc, crc",
        "secure, secure",
        "' secure', secure",
    })
    void whatIsAllowedHasAWordOfTheKernels(String allowed, String word) {
        assertThat(KernelClient.mode(allowed)).isEqualTo(word);
    }

    @Test
    void theKeyOfTheUserIsTaken() {
        List<String> keyring =
                List.of(
                        "[client.admin]",
                        "\tkey = AQAdmin==",
                        "\tcaps mon = \"allow *\"",
                        "",
                        "[client.cairn]",
                        "\tcaps mon = \"profile rbd\"",
                        "\tkey=AQCairn==",
                        "[client.cairn2]",
                        "\tkey = AQOther==");
        assertThat(Keyring.key(keyring, "client.cairn")).contains("AQCairn==");
        assertThat(Keyring.key(keyring, "client.admin")).contains("AQAdmin==");
        assertThat(Keyring.key(keyring, "client.cair")).isEmpty();
    }
}
