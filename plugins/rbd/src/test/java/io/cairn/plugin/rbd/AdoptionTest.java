package io.cairn.plugin.rbd;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Source;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Mark;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Images that are not Cairn's, and calls that were killed between the steps of a rename. */
@Tag("ceph")
@Timeout(180)
final class AdoptionTest extends NamespaceFixture {
    private static final String NAME = "db1";
    private static final Mark MARK = new Mark("adopted");

    @SuppressWarnings("NullAway.Init") // connected before each test
    private Cluster cluster;

    @SuppressWarnings("NullAway.Init") // the same
    private Objects objects;

    @SuppressWarnings("NullAway.Init") // the same
    private Cards cards;

    /** How far a call got that was killed. */
    enum Killed {
        BEFORE_THE_RENAME,
        ONCE_IT_WAS_FOUND_BY_THE_NEW_NAME,
        ONCE_IT_WAS_LISTED_BY_THE_NEW_NAME,
        AFTER_THE_RENAME
    }

    @BeforeEach
    void connect() throws Exception {
        cluster =
                LargeStack.call(() -> Cluster.connect(Library.load(), OneNode.address(namespace)));
        objects = new Objects(cluster);
        cards = new Cards(objects);
    }

    @AfterEach
    void disconnect() {
        cluster.close();
    }

    private Adopting adopting() {
        return driver.adopting().orElseThrow();
    }

    private String rbd(String... words) throws Exception {
        return OneNode.rbd(java.util.Objects.requireNonNull(namespace.getParent()), words);
    }

    private String of(String image) {
        return "%s/%s/%s".formatted(OneNode.POOL, OneNode.name(namespace), image);
    }

    private void plant(String... more) throws Exception {
        List<String> words = new ArrayList<>(List.of("create", "--size", OBJECT + "B"));
        words.addAll(Arrays.asList(more));
        words.add(of(NAME));
        String _ = rbd(words.toArray(String[]::new));
    }

    /** As Ceph leaves a rename that was killed. */
    private void rename(String from, String to, Killed killed) throws Exception {
        String id = objects.read(Names.idOf(from)).orElseThrow();
        switch (killed) {
            case BEFORE_THE_RENAME -> {}
            case ONCE_IT_WAS_FOUND_BY_THE_NEW_NAME ->
                    assertThat(objects.create(Names.idOf(to), id)).isTrue();
            case ONCE_IT_WAS_LISTED_BY_THE_NEW_NAME -> {
                String _ = rbd("rename", of(from), of(to));
                assertThat(objects.create(Names.idOf(from), id)).isTrue();
            }
            case AFTER_THE_RENAME -> {
                String _ = rbd("rename", of(from), of(to));
            }
        }
    }

    private VolumeId killedAdoption(Killed killed) throws Exception {
        plant();
        write(written(of(NAME)), 0, 7);
        VolumeId id = VolumeId.random();
        Label label =
                new Label(
                        id.toString(),
                        MARK,
                        Optional.empty(),
                        Optional.of(new Source.OfFile(NAME)));
        assertThat(cards.make(id, Card.adopting(label, idOf(NAME)))).isTrue();
        rename(NAME, Names.image(id), killed);
        assertThat(driver.findVolume(id)).isEmpty();
        assertThat(driver.inventory().volumes()).isEmpty();
        return id;
    }

    private String idOf(String image) throws Exception {
        try (Image of = Image.openToRead(cluster, image)) {
            return of.id();
        }
    }

    private static BackendVolume written(String location) {
        return new BackendVolume(VolumeId.random(), OneNode.POOL, OBJECT, location, Mark.NONE);
    }

    private void assertUnmanaged(String name) throws Exception {
        assertThat(adopting().unmanaged()).containsExactly(new Unmanaged(name, OBJECT, ""));
        assertThat(read(of(name), 0)).isEqualTo(7);
        assertThat(rbd("info", of(name))).contains("size 4 MiB");
    }

    private void assertNothingElse(VolumeId id, String name) throws Exception {
        assertThat(cards.of(id)).isEmpty();
        assertThat(objects.read(Names.idOf(Names.image(id)))).isEmpty();
        assertThat(driver.findVolume(id)).isEmpty();
        String _ = rbd("rm", "--no-progress", of(name));
        assertThat(objects.read(Names.idOf(name))).isEmpty();
        assertThat(rbd("ls", of("").replaceAll("/$", ""))).isBlank();
    }

    @ParameterizedTest
    @EnumSource
    void anAdoptionThatWasKilledIsFinishedByItsRepeat(Killed killed) throws Exception {
        VolumeId id = killedAdoption(killed);

        BackendVolume volume = adopting().adopt(NAME, id, MARK);

        assertThat(driver.inventory().volumes()).containsExactly(volume);
        assertThat(adopting().unmanaged()).isEmpty();
        assertThat(objects.read(Names.idOf(NAME))).isEmpty();
        assertThat(read(volume.location(), 0)).isEqualTo(7);
        driver.deleteVolume(id);
        assertThat(cards.of(id)).isEmpty();
        assertThat(objects.read(Names.idOf(Names.image(id)))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void whatWasNotAdoptedYetIsNeverDeleted(Killed killed) throws Exception {
        VolumeId id = killedAdoption(killed);

        driver.deleteVolume(id);

        assertUnmanaged(NAME);
        assertNothingElse(id, NAME);
    }

    @ParameterizedTest
    @EnumSource
    void whatWasNotAdoptedYetIsNotInTheWayOfAnotherOfItsId(Killed killed) throws Exception {
        VolumeId id = killedAdoption(killed);

        BackendVolume made =
                driver.createVolume(new VolumeSpec(id, OneNode.POOL, OBJECT, Mark.NONE));

        assertUnmanaged(NAME);
        assertThat(read(made.location(), 0)).isZero();
        assertThat(driver.inventory().volumes()).containsExactly(made);
    }

    @ParameterizedTest
    @EnumSource
    void aReleaseThatWasKilledIsFinishedByItsRepeat(Killed killed) throws Exception {
        BackendVolume volume = volume(OBJECT);
        write(volume, 0, 7);
        String name = "volume-db1-" + volume.id();
        rename(Names.image(volume.id()), name, killed);

        assertThat(adopting().release(volume.id(), NAME)).isEqualTo(name);
        assertThat(adopting().release(volume.id(), NAME)).isEqualTo(name);

        assertUnmanaged(name);
        assertNothingElse(volume.id(), name);
    }

    /** Whether an image is listed by its new name. */
    private static boolean decided(Killed killed) {
        return killed.compareTo(Killed.ONCE_IT_WAS_FOUND_BY_THE_NEW_NAME) > 0;
    }

    /** As an operator may, between a call that was killed and its repeat. */
    private void plantAnother(boolean decided) throws Exception {
        if (!decided) {
            String _ = rbd("rename", of(NAME), of("other"));
        }
        boolean _ = objects.remove(Names.idOf(NAME));
        plant();
    }

    @ParameterizedTest
    @EnumSource
    void anotherImageOfTheNameIsNotTakenForIt(Killed killed) throws Exception {
        VolumeId id = killedAdoption(killed);
        boolean decided = decided(killed);
        plantAnother(decided);

        if (decided) {
            assertThat(read(adopting().adopt(NAME, id, MARK).location(), 0)).isEqualTo(7);
        } else {
            assertFails(Kind.NOT_FOUND, () -> adopting().adopt(NAME, id, MARK));
            driver.deleteVolume(id);
            assertThat(read(of("other"), 0)).isEqualTo(7);
            assertThat(objects.read(Names.idOf(Names.image(id)))).isEmpty();
        }
        assertThat(read(of(NAME), 0)).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void whatIsGivenBackWhereItsNameIsTakenHasAnother(Killed killed) throws Exception {
        VolumeId id = killedAdoption(killed);
        boolean decided = decided(killed);
        plantAnother(decided);

        driver.deleteVolume(id);

        assertThat(read(of(decided ? "volume-" + id : "other"), 0)).isEqualTo(7);
        assertThat(read(of(NAME), 0)).isZero();
        assertThat(adopting().unmanaged()).hasSize(2);
        assertThat(cards.of(id)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void whatAnotherIdAdoptedIsNotTakenFromIt(Killed killed) throws Exception {
        VolumeId first = killedAdoption(killed);
        VolumeId second = VolumeId.random();

        if (decided(killed)) {
            assertFails(Kind.NOT_FOUND, () -> adopting().adopt(NAME, second, MARK));
            assertThat(adopting().adopt(NAME, first, MARK).id()).isEqualTo(first);
        } else {
            BackendVolume adopted = adopting().adopt(NAME, second, MARK);
            assertFails(Kind.NOT_FOUND, () -> adopting().adopt(NAME, first, MARK));
            driver.deleteVolume(first);
            assertThat(read(adopted.location(), 0)).isEqualTo(7);
            assertThat(driver.inventory().volumes()).containsExactly(adopted);
            assertThat(objects.read(Names.idOf(Names.image(first)))).isEmpty();
        }
    }

    /** As where nobody answered when Ceph wanted to remove the old name. */
    @Test
    void whatIsFoundByAnOldNameIsNotDeletedByIt() throws Exception {
        BackendVolume volume = volume(OBJECT);
        write(volume, 0, 7);
        String image = Names.image(volume.id());
        rename(image, NAME, Killed.ONCE_IT_WAS_LISTED_BY_THE_NEW_NAME);

        driver.deleteVolume(volume.id());

        assertUnmanaged(NAME);
        assertThat(objects.create(Names.idOf(image), idObject(NAME))).isTrue();
        BackendVolume again =
                driver.createVolume(new VolumeSpec(volume.id(), OneNode.POOL, OBJECT, Mark.NONE));
        assertUnmanaged(NAME);
        assertThat(read(again.location(), 0)).isZero();
    }

    private String idObject(String image) throws Exception {
        return objects.read(Names.idOf(image)).orElseThrow();
    }

    @Test
    void whatIsAboutToBeReleasedIsNotAdopted() throws Exception {
        BackendVolume volume = volume(OBJECT);
        write(volume, 0, 7);
        String name = "volume-db1-" + volume.id();
        rename(Names.image(volume.id()), name, Killed.ONCE_IT_WAS_LISTED_BY_THE_NEW_NAME);

        assertFails(Kind.IN_USE, () -> adopting().adopt(name, VolumeId.random(), MARK));
        try (ImageChannel _ = new ImageChannel(namespace, of(name), true)) {
            // It is decided already.
            assertThat(adopting().release(volume.id(), "another")).isEqualTo(name);
        }

        assertUnmanaged(name);
    }

    @Test
    void anUnfinishedVolumeIsNotTakenForWhatIsAdoptedByItsId() throws Exception {
        plant();
        write(written(of(NAME)), 0, 7);
        VolumeId id = VolumeId.random();
        String _ = rbd("create", "--size", OBJECT + "B", of(Names.image(id)));

        BackendVolume volume = adopting().adopt(NAME, id, MARK);

        assertThat(read(volume.location(), 0)).isEqualTo(7);
        assertThat(adopting().unmanaged()).isEmpty();
    }

    @Test
    void whatWasReleasedIsAdoptedAgainByTheIdThatItHad() throws Exception {
        BackendVolume volume = volume(OBJECT);
        write(volume, 0, 7);
        String name = adopting().release(volume.id(), NAME);

        BackendVolume again = adopting().adopt(name, volume.id(), MARK);

        assertThat(read(again.location(), 0)).isEqualTo(7);
        assertThat(driver.inventory().volumes()).containsExactly(again);
    }

    @Test
    void whatIsInAGroupIsInUse() throws Exception {
        plant();
        BackendVolume volume = adopting().adopt(NAME, VolumeId.random(), MARK);
        String group = of("group");
        String _ = rbd("group", "create", group);
        String _ = rbd("group", "image", "add", group, volume.location());

        assertFails(Kind.IN_USE, () -> driver.deleteVolume(volume.id()));

        String _ = rbd("group", "image", "rm", group, volume.location());
        driver.deleteVolume(volume.id());
    }

    @Test
    void whatCannotBecomeAVolumeSaysWhatToDo() throws Exception {
        plant();
        String _ = rbd("snap", "create", "--no-progress", of(NAME) + "@mine");
        assertObstacle("it has snapshots, such as mine");
        String _ = rbd("snap", "rm", "--no-progress", of(NAME) + "@mine");
        String _ = rbd("feature", "disable", of(NAME), "fast-diff", "object-map");
        assertObstacle("rbd feature enable " + of(NAME));
        String _ = rbd("feature", "enable", of(NAME), "object-map", "fast-diff");
        String _ = rbd("resize", "--no-progress", "--size", (OBJECT + 1) + "B", of(NAME));
        assertObstacle("no whole sectors");
        String _ = rbd("resize", "--no-progress", "--size", (OBJECT + 512) + "B", of(NAME));

        BackendVolume volume = adopting().adopt(NAME, VolumeId.random(), MARK);

        assertThat(volume.sizeBytes()).isEqualTo(OBJECT + 512);
    }

    private void assertObstacle(String why) throws Exception {
        assertThat(adopting().unmanaged().getFirst().obstacle()).contains(why);
        VolumeId id = VolumeId.random();
        assertFails(Kind.UNSUPPORTED, why, () -> adopting().adopt(NAME, id, MARK));
        assertThat(cards.of(id)).isEmpty();
    }
}
