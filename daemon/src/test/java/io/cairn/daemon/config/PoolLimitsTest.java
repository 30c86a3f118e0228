package io.cairn.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.OptionalDouble;

/** How much may be given out of a pool, to the byte. */
final class PoolLimitsTest {
    @Test
    void withoutSettingsThinPoolsTakeTwentyTimesWhatTheyHaveAndThickOnesOnce() {
        assertThat(PoolLimits.DEFAULT.mostBytes(100, true)).isEqualTo(2_000);
        assertThat(PoolLimits.DEFAULT.mostBytes(100, false)).isEqualTo(100);
        assertThat(PoolLimits.DEFAULT.reserveBytes(100)).isZero();
    }

    @Test
    void aThickPoolTakesLessThanItHasIfToldSoAndNeverMore() {
        assertThat(limits(0.5, "0").mostBytes(100, false)).isEqualTo(50);
        assertThat(limits(3, "0").mostBytes(100, false)).isEqualTo(100);
    }

    @ParameterizedTest
    @CsvSource({
        "10B,   100, 180",
        "10%,   100, 180",
        "0.5%, 1000, 1990",
        "33.3%,  10, 12",
        "200B,  100, 0",
        "100%,  100, 0",
        "0,     100, 200",
    })
    void theReserveIsTakenOffBeforeTheRatioCounts(String reserve, long total, long most) {
        assertThat(limits(2, reserve).mostBytes(total, true)).isEqualTo(most);
    }

    @Test
    void theLargestPoolsDoNotOverflow() {
        assertThat(limits(20, "5%").mostBytes(Long.MAX_VALUE, true)).isEqualTo(Long.MAX_VALUE);
        assertThat(limits(1, "0").mostBytes(Long.MAX_VALUE, true)).isEqualTo(Long.MAX_VALUE);
        assertThat(limits(20, "0").mostBytes(0, true)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"5", "101%", "-1%", "5.5.5%", "%", "x", "1e3%", "10 apples"})
    void whatIsNeitherASizeNorAPartIsNoReserve(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Reserve.parse(text));
    }

    private static PoolLimits limits(double ratio, String reserve) {
        return new PoolLimits(OptionalDouble.of(ratio), Reserve.parse(reserve));
    }
}
