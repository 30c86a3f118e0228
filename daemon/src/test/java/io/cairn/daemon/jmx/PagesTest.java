package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Unfinished;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

final class PagesTest {
    private static final int ALL = 1_000;

    private final Pages pages = new Pages(1, Duration.ofMillis(1));

    /** The numbers below a thousand; a continuation is the next number. */
    private static Page<Integer> numbers(int limit, String continuation) {
        int from = continuation.isEmpty() ? 0 : Integer.parseInt(continuation);
        int to = Math.min(ALL, from + limit);
        return new Page<>(
                IntStream.range(from, to).boxed().toList(), to == ALL ? "" : Integer.toString(to));
    }

    private Page<Integer> read(long bytes, int limit, String continuation) throws Exception {
        return pages.page(PagesTest::numbers, _ -> bytes, limit, continuation, Function.identity());
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "10, 10", "25, 25", "26, 26", "999, 999", "1000, 1000"})
    void smallRowsFillTheLimit(int limit, int rows) throws Exception {
        assertThat(read(1, limit, "").items()).hasSize(rows);
    }

    @Test
    void bigRowsEndThePageEarlyAndTheContinuationGoesOnRightAfter() throws Exception {
        List<Integer> got = new ArrayList<>();
        String continuation = "";
        do {
            Page<Integer> page = read(5_000, ALL, continuation);
            assertThat(page.items()).hasSizeBetween(1, 75);
            got.addAll(page.items());
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        assertThat(got).isEqualTo(IntStream.range(0, ALL).boxed().toList());
    }

    @Test
    void rowsBiggerThanAPageStillCome() throws Exception {
        assertThat(read(Pages.MOST_BYTES * 2, 3, "7").items()).containsExactly(7, 8, 9);
    }

    @Test
    void whoWaitsTooLongForOthersIsToldSo() {
        assertThatThrownBy(
                        () ->
                                pages.page(
                                        PagesTest::numbers,
                                        _ -> 1,
                                        9,
                                        "",
                                        _ -> failureOf(() -> read(1, 9, ""))))
                .isInstanceOf(IllegalStateException.class)
                .cause()
                .isInstanceOfSatisfying(
                        OperationException.class,
                        e -> assertThat(e.code()).isEqualTo(OperationException.Code.BUSY));
    }

    private interface Call {
        Object run() throws Exception;
    }

    private static Object failureOf(Call call) {
        try {
            return call.run();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aPageThatFailedMakesRoomForTheNext() throws Exception {
        assertThatThrownBy(
                        () ->
                                pages.page(
                                        PagesTest::numbers,
                                        _ -> 1,
                                        9,
                                        "",
                                        _ -> {
                                            throw new IllegalStateException("no form");
                                        }))
                .hasMessage("no form");
        assertThat(read(1, 9, "").items()).hasSize(9);
    }

    @Test
    void unfinishedChangesAreCutAndTheTableSaysSo() {
        Unfinished change =
                new Unfinished(
                        "fast",
                        "create snapshot nightly-1 of volume db1",
                        VolumeId.random(),
                        Instant.now(),
                        false,
                        "e".repeat(5_000));
        List<Unfinished> many = Collections.nCopies(1_000, change);
        assertThat(Pages.first(many, 1_000)).hasSizeBetween(1, 100);
        assertThat(Texts.unfinishedTable(many, 10))
                .endsWith("1000 changes not finished, of which these are the first 10");
    }
}
