package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.channels.SeekableByteChannel;
import java.util.stream.Stream;

/** Volumes by themselves: sizes, zeroes, repeats, deletion. */
abstract class VolumeCases extends DriverFixture {
    @Test
    void aNewVolumeReadsAsZeroes() throws Exception {
        BackendVolume volume = volume(3 * MIB);
        verify(volume.location(), 3 * MIB, 0);
    }

    @Test
    void aNewVolumeReadsAsZeroesWhereADeletedOneHeldData() throws Exception {
        for (int i = 1; i <= 3; i++) {
            driver.deleteVolume(volume(16 * MIB, i).id());
        }
        BackendVolume volume = volume(16 * MIB);
        verify(volume.location(), 16 * MIB, 0);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 511, 512, 4095, 4097, MIB + 1, 10_000_019})
    void aSizeIsExactToTheByteOrRefused(long sizeBytes) throws Exception {
        if (sizeBytes % granularityBytes() != 0) {
            assertRefused(INVALID, () -> volume(sizeBytes));
            return;
        }
        BackendVolume volume = volume(sizeBytes, 1);
        assertThat(volume.sizeBytes()).isEqualTo(sizeBytes);
        verify(volume.location(), sizeBytes, 1);
    }

    @Test
    void aHugeVolumeTakesNoSpaceUntilItIsWritten() throws Exception {
        assumeTrue(traits().contains(Trait.THIN), "volumes are not thin here");
        long tebibyte = 1L << 40;
        long before = usedBytes(storage);
        BackendVolume volume = volume(tebibyte);
        try (SeekableByteChannel content = content(volume.location(), true)) {
            assertThat(content.size()).isEqualTo(tebibyte);
            Pattern.write(content, tebibyte - 4 * KIB, tebibyte, 1);
            Pattern.verify(content, 0, MIB, 0);
            Pattern.verify(content, tebibyte / 2, tebibyte / 2 + MIB, 0);
            Pattern.verify(content, tebibyte - 4 * KIB, tebibyte, 1);
        }
        assertThat(usedBytes(storage) - before).isLessThan(32 * MIB);
    }

    @Test
    void aVolumeIsReturnedAsAsked() throws Exception {
        VolumeSpec spec = spec(VolumeId.random(), MIB);
        BackendVolume volume = driver.createVolume(spec);
        assertThat(volume)
                .isEqualTo(
                        new BackendVolume(
                                spec.id(), spec.pool(), MIB, volume.location(), spec.mark()));
    }

    @Test
    void aVolumeIsFoundAsItWasReturned() throws Exception {
        BackendVolume volume = volume(MIB);
        assertThat(driver.findVolume(volume.id())).contains(volume);
    }

    @Test
    void aVolumeThatIsNotThereIsNotFound() throws Exception {
        volume(MIB);
        assertThat(driver.findVolume(VolumeId.random())).isEmpty();
    }

    @Test
    void createdAgainItIsTheSameVolume() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        assertThat(driver.createVolume(spec(volume.id(), MIB))).isEqualTo(volume);
        verify(volume.location(), MIB, 1);
    }

    @Test
    void createdAgainWithAnotherMarkItConflicts() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        VolumeSpec other = new VolumeSpec(volume.id(), pool(), MIB, new Mark("another"));
        VolumeSpec none = new VolumeSpec(volume.id(), pool(), MIB, Mark.NONE);
        assertRefused(CONFLICT, () -> driver.createVolume(other));
        assertRefused(CONFLICT, () -> driver.createVolume(none));
        verify(volume.location(), MIB, 1);
    }

    @Test
    void createdAgainWithAnotherSizeItConflicts() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        assertRefused(CONFLICT, () -> driver.createVolume(spec(volume.id(), 2 * MIB)));
        verify(volume.location(), MIB, 1);
    }

    @Test
    void createdAgainInAnotherPoolItConflicts() throws Exception {
        assumeTrue(driver.pools().size() > 1, "the backend has one pool");
        BackendVolume volume = volume(MIB);
        VolumeSpec other =
                new VolumeSpec(volume.id(), driver.pools().get(1).name(), MIB, volume.mark());
        assertRefused(CONFLICT, () -> driver.createVolume(other));
    }

    @Test
    void aPoolThatIsNotThereIsInvalid() throws Exception {
        VolumeSpec spec = new VolumeSpec(VolumeId.random(), "no-such-pool", MIB, Mark.NONE);
        assertRefused(INVALID, () -> driver.createVolume(spec));
    }

    @Test
    void aDeletedVolumeIsGone() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        driver.deleteVolume(volume.id());
        assertThat(driver.findVolume(volume.id())).isEmpty();
        assertThat(driver.inventory().volumes()).isEmpty();
        verifyNoRubbish();
    }

    @Test
    void deletingAVolumeThatIsNotThereSucceeds() throws Exception {
        BackendVolume volume = volume(MIB);
        driver.deleteVolume(volume.id());
        driver.deleteVolume(volume.id());
        driver.deleteVolume(VolumeId.random());
        verifyNoRubbish();
    }

    @Test
    void anOpenVolumeIsNotDeleted() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        try (SeekableByteChannel content = content(volume.location(), true)) {
            assertRefused(IN_USE, () -> driver.deleteVolume(volume.id()));
            Pattern.verify(content, 0, MIB, 1);
        }
        driver.deleteVolume(volume.id());
        assertThat(driver.findVolume(volume.id())).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("marks")
    void aVolumeKeepsAnyMarkWhole(String text) throws Exception {
        Mark mark = new Mark(text);
        VolumeSpec spec = new VolumeSpec(VolumeId.random(), pool(), MIB, mark);
        assertThat(driver.createVolume(spec).mark()).isEqualTo(mark);
        reopen();
        assertThat(driver.findVolume(spec.id()).orElseThrow().mark()).isEqualTo(mark);
        assertThat(driver.inventory().volumes().getFirst().mark()).isEqualTo(mark);
    }

    static Stream<String> marks() {
        return Stream.of(
                "",
                " ",
                "x".repeat(Mark.MAX_BYTES),
                "𝄞".repeat(Mark.MAX_BYTES / 4),
                "{\"name\":\"Größe '$HOME' `id` \\\\ %s 日本語\"} ; mark cut=1 ");
    }
}
