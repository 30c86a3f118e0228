package io.cairn.daemon.volume.history;

import static io.cairn.daemon.volume.OperationException.Code.BUSY;
import static io.cairn.daemon.volume.OperationException.Code.CONFLICT;
import static io.cairn.daemon.volume.OperationException.Code.INVALID;
import static io.cairn.daemon.volume.OperationException.Code.IN_USE;
import static io.cairn.daemon.volume.OperationException.Code.NOT_FOUND;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.history.World.Cut;
import io.cairn.daemon.volume.history.World.Thrown;
import io.cairn.daemon.volume.history.World.Volume;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Which histories are explained, and that broken ones are not. */
final class ExplanationTest {
    private static final UUID A = new UUID(1, 1);
    private static final UUID B = new UUID(1, 2);
    private static final UUID C = new UUID(1, 3);
    private static final Answer DONE = new Answer.Done();
    private static final World EMPTY = world(false, Map.of());

    private final List<Call> calls = new ArrayList<>();

    @Test
    void callsOneAfterAnotherAreExplained() {
        call(1, 2, new Request.Create("v", 10), made(A, 10, ""));
        call(3, 4, new Request.Cut(A, "s"), made(B, 10, ""));
        call(5, 6, new Request.Write(A, "w"), DONE);
        call(7, 8, new Request.Clone(A, "c"), made(C, 10, "w"));
        call(9, 10, new Request.Revert(A, "s"), DONE);
        call(11, 12, new Request.Read(A), new Answer.Held(""));
        call(13, 14, new Request.Delete(A), refused(IN_USE));
        Volume clone =
                new Volume(
                        C,
                        "c",
                        10,
                        "w",
                        Optional.of(new World.Origin(A, Optional.empty())),
                        Map.of(),
                        Map.of());
        explained(EMPTY, world(false, Map.of(A, volume(A, 10, ""), C, clone), "s", A, cut("")));
    }

    @Test
    void theOrderNeedNotBeThatOfTheAnswers() {
        call(1, 10, new Request.Write(A, "one"), DONE);
        call(2, 3, new Request.Write(A, "two"), DONE);
        call(4, 5, new Request.Read(A), new Answer.Held("one"));
        explained(one(10, ""), one(10, "one"));
    }

    @Test
    void aRepeatInFlightMayJoin() {
        World linked = linked(World.HERE, Rules.LOCAL);
        call(1, 10, new Request.Detach(A), DONE);
        call(2, 11, new Request.Detach(A), DONE);
        explained(linked, one(10, ""));
    }

    @Test
    void aRepeatThatCameAfterTheAnswerJoinsNothing() {
        World linked = linked(World.HERE, Rules.LOCAL);
        call(1, 2, new Request.Detach(A), DONE);
        call(3, 4, new Request.Detach(A), DONE);
        unexplained(linked, one(10, ""));
    }

    @Test
    void aRepeatDoesNotJoinWhatOthersHaveChangedSince() {
        World linked = linked(World.HERE, Rules.LOCAL);
        call(1, 10, new Request.Detach(A), DONE);
        call(2, 3, new Request.Connect(A, "h"), new Answer.Connected(B));
        call(4, 9, new Request.Detach(A), DONE);
        unexplained(linked, linked("h", B));
    }

    @Test
    void aLostUpdateIsNotExplained() {
        call(1, 5, new Request.Extend(A, 20), DONE);
        call(2, 6, new Request.Extend(A, 30), DONE);
        unexplained(one(10, ""), one(20, ""));
    }

    @Test
    void anUpdateThatALaterLookMissesIsNotExplained() {
        call(1, 2, new Request.Extend(A, 20), DONE);
        call(3, 4, new Request.Find("v"), found(A, 10));
        unexplained(one(10, ""), one(20, ""));
    }

    @Test
    void twoCreationsUnderOneNameAreNotExplained() {
        call(1, 5, new Request.Create("v", 10), made(A, 10, ""));
        call(2, 6, new Request.Create("v", 10), made(B, 10, ""));
        unexplained(EMPTY, one(10, ""));
        call(3, 4, new Request.Delete(A), DONE);
        Volume second = new Volume(B, "v", 10, "", Optional.empty(), Map.of(), Map.of());
        explained(EMPTY, world(false, Map.of(B, second)));
    }

    @Test
    void twoRenamesToOneNameAreNotExplained() {
        Volume other = new Volume(B, "w", 10, "", Optional.empty(), Map.of(), Map.of());
        World two = world(false, Map.of(A, volume(A, 10, ""), B, other));
        call(1, 5, new Request.Rename(A, "x"), DONE);
        call(2, 6, new Request.Rename(B, "x"), DONE);
        unexplained(
                two, world(false, Map.of(A, volume(A, 10, "").named("x"), B, other.named("x"))));
    }

    @Test
    void aDeletionThatWasAnsweredAndIsSeenStillIsNotExplained() {
        call(1, 2, new Request.Delete(A), DONE);
        call(3, 4, new Request.Find("v"), found(A, 10));
        unexplained(one(10, ""), EMPTY);
    }

    @Test
    void aDeletionThatWasAnsweredAndIsUndoneIsNotExplained() {
        call(1, 2, new Request.Delete(A), DONE);
        unexplained(one(10, ""), one(10, ""));
    }

    @Test
    void aSnapshotOfTheWrongInstantIsNotExplained() {
        call(1, 2, new Request.Write(A, "new"), DONE);
        call(3, 6, new Request.Cut(A, "s"), made(B, 10, "old"));
        call(4, 5, new Request.Write(A, "newest"), DONE);
        World end = world(false, Map.of(A, volume(A, 10, "newest")), "s", A, cut("old"));
        unexplained(one(10, "old"), end);
    }

    @Test
    void aSnapshotOfAnyInstantOfItsCallIsExplained() {
        call(1, 6, new Request.Cut(A, "s"), made(B, 10, "old"));
        call(2, 3, new Request.Write(A, "new"), DONE);
        call(4, 5, new Request.FindSnapshot(A, "s"), new Answer.FoundSnapshot(Optional.empty()));
        explained(
                one(10, "old"), world(false, Map.of(A, volume(A, 10, "new")), "s", A, cut("old")));
    }

    @Test
    void aCloneThatIsSmallerThanItsSourceIsNotExplained() {
        call(1, 2, new Request.Extend(A, 20), DONE);
        call(3, 4, new Request.Clone(A, "c"), made(C, 10, ""));
        Volume clone =
                new Volume(
                        C,
                        "c",
                        10,
                        "",
                        Optional.of(new World.Origin(A, Optional.empty())),
                        Map.of(),
                        Map.of());
        unexplained(one(10, ""), world(false, Map.of(A, volume(A, 20, ""), C, clone)));
    }

    @Test
    void aRevertThatBringsBackSomethingElseIsNotExplained() {
        World start = world(false, Map.of(A, volume(A, 10, "now")), "s", A, cut("then"));
        call(1, 2, new Request.Revert(A, "s"), DONE);
        call(3, 4, new Request.Read(A), new Answer.Held("now"));
        unexplained(start, world(false, Map.of(A, volume(A, 10, "then")), "s", A, cut("then")));
    }

    @Test
    void twoHostsAtOnceAreNotExplained() {
        call(1, 5, new Request.Connect(A, "g"), new Answer.Connected(B));
        call(2, 6, new Request.Connect(A, "h"), new Answer.Connected(C));
        unexplained(one(10, ""), linked("h", C));
    }

    @Test
    void whatIsRestoredTwiceIsNotExplained() {
        World trash =
                new World(
                        true,
                        Map.of(A, volume(A, 10, "")),
                        Map.of(),
                        Map.of(B, new Thrown(A, cut(""))),
                        Set.of());
        call(1, 2, new Request.Restore(A, Optional.of(B), "s"), DONE);
        call(3, 4, new Request.Restore(A, Optional.of(B), "t"), DONE);
        unexplained(trash, world(true, Map.of(A, volume(A, 10, "")), "s", A, cut("")));
    }

    /** It was there during the whole call, and nobody used it. */
    @ParameterizedTest
    @EnumSource(Code.class)
    void noRefusalWithoutAReasonIsExplained(Code code) {
        call(1, 4, new Request.Rename(A, "w"), refused(code));
        call(2, 3, new Request.Write(A, ""), DONE);
        unexplained(one(10, ""), one(10, ""));
    }

    @Test
    void aRefusalForWhatWasSoOnlyBeforeTheCallIsNotExplained() {
        call(1, 2, new Request.Disconnect(A, B), DONE);
        call(3, 4, new Request.Delete(A), refused(IN_USE));
        unexplained(linked("h", B), one(10, ""));
    }

    @Test
    void refusalsAreExplainedByWhatOthersDidMeanwhile() {
        call(1, 10, new Request.Create("v", 20), refused(CONFLICT));
        call(2, 11, new Request.Extend(A, 10), refused(INVALID));
        call(3, 4, new Request.Extend(A, 20), DONE);
        call(5, 12, new Request.Cut(A, "s"), refused(NOT_FOUND));
        call(6, 7, new Request.Delete(A), DONE);
        unexplained(one(10, ""), EMPTY.with(volume(A, 20, "")));
        World origin =
                world(
                        false,
                        Map.of(
                                A,
                                new Volume(
                                        A,
                                        "v",
                                        10,
                                        "",
                                        Optional.of(new World.Origin(B, Optional.empty())),
                                        Map.of(),
                                        Map.of())));
        explained(origin, EMPTY);
    }

    @Test
    void nothingIsBusyWhereNothingTakesLong() {
        call(1, 4, new Request.Create("v", 10), refused(BUSY));
        call(2, 3, new Request.Create("v", 10), made(A, 10, ""));
        unexplained(EMPTY, one(10, ""));
    }

    private void explained(World start, World end) {
        assertThat(Explanation.missing(calls, start, end)).isEmpty();
    }

    private void unexplained(World start, World end) {
        assertThat(Explanation.missing(calls, start, end)).isPresent();
    }

    private void call(long invoked, long returned, Request request, Answer answer) {
        calls.add(new Call(calls.size(), request, answer, invoked, 0, returned));
    }

    private static Answer refused(Code code) {
        return new Answer.Refused(code);
    }

    private static Answer made(UUID id, long size, String word) {
        return new Answer.Made(id, size, Optional.of(word));
    }

    private static Answer found(UUID id, long size) {
        return new Answer.Found(Optional.of(new Answer.Sight(id, size, 0, 0)));
    }

    private static Cut cut(String word) {
        return new Cut(B, 10, word);
    }

    private static Volume volume(UUID id, long size, String word) {
        return new Volume(id, "v", size, word, Optional.empty(), Map.of(), Map.of());
    }

    private static World one(long size, String word) {
        return world(false, Map.of(A, volume(A, size, word)));
    }

    private static World linked(String host, UUID connection) {
        return world(false, Map.of(A, volume(A, 10, "").linked(Map.of(host, connection))));
    }

    private static World world(boolean keeping, Map<UUID, Volume> live) {
        return new World(keeping, live, Map.of(), Map.of(), Set.of());
    }

    private static World world(
            boolean keeping, Map<UUID, Volume> live, String snapshot, UUID of, Cut cut) {
        Map<UUID, Volume> all = new HashMap<>(live);
        all.computeIfPresent(of, (_, volume) -> volume.cut(Map.of(snapshot, cut)));
        return world(keeping, Map.copyOf(all));
    }
}
