package io.cairn.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.cairn.tck.MemoryProvider.Flaw;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.testkit.engine.EngineTestKit;

import java.util.Set;
import java.util.stream.Collectors;

/** A driver that breaks a guarantee fails the case that is about it. */
final class BaseDriverTestTest {
    private static Flaw flaw = Flaw.NONE;

    /** Not a test by its own name, so that only this class runs it. */
    static final class Flawed extends MemoryFixture {
        Flawed() {
            super(flaw);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "CUTS_AGAIN, createdAgainItIsNotCutAgain()",
        "FORGETS_MARKS, aVolumeIsReturnedAsAsked()",
        "FORGETS_MARKS, 'aSnapshotKeepsAnyMarkWhole(String)'",
        "LEAVES_RUBBISH, aDeletedVolumeIsGone()",
        "SHARES_CLONES_WITH_THEIR_SOURCE, aVolumeFromASnapshotIsIndependentBothWays()",
        "KEEPS_OLD_CONTENT, aNewVolumeReadsAsZeroesWhereADeletedOneHeldData()",
        "ROUNDS_SIZES, 'aSizeIsExactToTheByteOrRefused(long)'",
        "LISTS_TOO_LITTLE, theInventoryListsAllAndOnlyWhatIsThere()",
        "TAKES_ANY_STORAGE, aBackendOfAnotherDaemonIsRefused()",
        "TAKES_FRESH_STORAGE_FOR_USED, nobodysStorageIsNotTakenForABackendThatWasUsed()",
        "DECLARES_WRONG_TRAITS, theTraitsDeclaredAreTheTraitsMeasured()",
        "DELETES_VOLUMES_WITH_SNAPSHOTS, aVolumeWithSnapshotsIsNotDeleted()",
        "IGNORES_THE_SOURCE, aVolumeCreatedAgainFromAnotherSourceConflicts()",
        "IGNORES_THE_MARK, createdAgainWithAnotherMarkItConflicts()",
        "IGNORES_THE_MARK, aSnapshotCreatedAgainWithAnotherMarkConflicts()",
        "IGNORES_THE_MARK, aVolumeCreatedAgainFromItsSnapshotWithAnotherMarkConflicts()",
        "FAILS_TO_DELETE_TWICE, deletingAVolumeThatIsNotThereSucceeds()",
        "HIDES_A_CAPABILITY, theCapabilitiesDeclaredAreThoseThatAreThere()",
        "SHARES_CLONES_WITH_THEIR_SOURCE, aCloneHoldsWhatItsSourceHeld()",
        "IGNORES_THE_SOURCE, aCloneOfAnotherSourceConflicts()",
        "FORGETS_MARKS, 'aMarkIsReplacedWhole(String)'",
        "SHRINKS_WHEN_REVERTED, aVolumeThatGrewKeepsItsSizeWhenItGoesBack()",
        "DELETES_WHAT_IS_USED, whatIsAttachedIsNotDeleted()",
        "DELETES_WHAT_IS_USED, whatIsExportedIsNotDeletedNorTakenBack()",
        "DETACHES_WHAT_IS_OPEN, aDeviceThatIsOpenIsNotDetached()",
        "LEAVES_WHAT_IT_ADOPTED, anAdoptedVolumeIsLikeAnyOther()",
        "MEASURES_WHAT_IS_SHARED, aSnapshotOfAnUnchangedVolumeFreesOnlyWhatItDoesNotShare()",
        "MEASURES_NOTHING, aSnapshotFreesWhatWasOverwrittenSinceItWasCut()",
        "MEASURES_WHAT_IS_SHARED, aSnapshotFreesNoMoreThanWasOverwritten()",
        "MEASURES_ITS_VOLUME_ALONE, whatTwoSnapshotsShareIsFreedByTheLastOfThem()",
        "MEASURES_ITS_VOLUME_ALONE, whatAVolumeMadeFromASnapshotSharesIsNotFreed()",
        "MEASURES_WHAT_IS_NOT_THERE, whatIsNotThereIsNotMeasured()",
        "DIFFERS_EVERYWHERE, snapshotsOfAnUnchangedVolumeDoNotDiffer()",
        "DIFFERS_EVERYWHERE, whatWasWrittenBetweenTwoSnapshotsIsTheirDifference()",
        "DIFFERS_EVERYWHERE, aSnapshotBesideNothingIsWhatWasWritten()",
        "DIFFERS_TOO_LITTLE, whatWasWrittenBetweenTwoSnapshotsIsTheirDifference()",
        "DIFFERS_TOO_LITTLE, pagesOfTheDifferenceAreAllOfIt()",
        "DIFFERS_TOO_LITTLE, whateverHappensToAVolumeItsSnapshotsDifferNowhereElse()",
    })
    void aFlawIsFoundByItsCase(Flaw broken, String test) {
        assertThat(failures(broken, test.replaceFirst("\\(.*", ""))).contains(test);
    }

    private static Set<String> failures(Flaw broken, String method) {
        flaw = broken;
        PostDiscoveryFilter onlyThat =
                found ->
                        FilterResult.includedIf(
                                found.getSource()
                                        .filter(MethodSource.class::isInstance)
                                        .map(MethodSource.class::cast)
                                        .map(source -> source.getMethodName().equals(method))
                                        .orElse(true));
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(Flawed.class))
                .filters(onlyThat)
                .execute()
                .testEvents()
                .failed()
                .stream()
                .map(event -> event.getTestDescriptor().getLegacyReportingName())
                .map(name -> name.replaceFirst("\\[.*", ""))
                .collect(Collectors.toSet());
    }
}
