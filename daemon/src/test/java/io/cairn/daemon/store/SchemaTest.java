package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

/** Steps are applied once, in order, all or none. */
final class SchemaTest {
    private static final SchemaStep ONE = Items.SCHEMA.getFirst();
    private static final SchemaStep TWO =
            new SchemaStep(2, "labels", "CREATE CACHED TABLE label (id BIGINT PRIMARY KEY);\n");

    @TempDir private Path folder;

    @Test
    void aNewStepIsAppliedToAnOldDatabase() throws Exception {
        try (StateStore store = open(ONE)) {
            Items.add(store, 1, "one");
        }

        try (StateStore store = open(ONE, TWO)) {
            assertThat(Items.ids(store)).containsExactly(1L);
            assertThat(count(store, "label")).isZero();
            assertThat(count(store, "schema_step")).isEqualTo(2);
        }
    }

    @Test
    void aStepIsAppliedOnce() throws Exception {
        open(ONE, TWO).close();

        try (StateStore store = open(ONE, TWO)) {
            assertThat(count(store, "schema_step")).isEqualTo(2);
        }
    }

    @Test
    void aChangedStepIsRefused() throws Exception {
        open(ONE, TWO).close();

        StoreException e = refusal(ONE, new SchemaStep(2, "labels", TWO.sql() + "-- changed\n"));

        assertThat(e.kind()).isEqualTo(StoreException.Kind.UNFIT);
        assertThat(e)
                .hasMessageContaining("schema step 2 (labels)")
                .hasMessageContaining("changed");
    }

    @Test
    void aDatabaseOfANewerProgramIsRefused() throws Exception {
        open(ONE, TWO).close();

        StoreException e = refusal(ONE);

        assertThat(e.kind()).isEqualTo(StoreException.Kind.UNFIT);
        assertThat(e).hasMessageContaining("newer Cairn");
    }

    @Test
    void aStepThatFailsHalfwayLeavesTheDatabaseAsItWas() throws Exception {
        try (StateStore store = open(ONE)) {
            Items.add(store, 1, "one");
        }
        StoreException e =
                refusal(
                        ONE,
                        TWO,
                        new SchemaStep(
                                3,
                                "wrong",
                                "CREATE CACHED TABLE fine (id BIGINT PRIMARY KEY);\nNONSENSE;\n"));

        assertThat(e.kind()).isEqualTo(StoreException.Kind.UNFIT);
        assertThat(e).hasMessageContaining("schema step 3 (wrong)");
        SchemaStep mended =
                new SchemaStep(3, "right", "CREATE CACHED TABLE fine (id BIGINT PRIMARY KEY);\n");
        try (StateStore store = open(ONE, TWO, mended)) {
            assertThat(Items.ids(store)).containsExactly(1L);
            assertThat(count(store, "fine")).isZero();
        }
    }

    @Test
    void aRefusedStoreCanBeOpenedByTheRightProgram() throws Exception {
        open(ONE, TWO).close();
        refusal(ONE);

        try (StateStore store = open(ONE, TWO)) {
            Items.add(store, 1, "one");
            assertThat(Items.ids(store)).containsExactly(1L);
        }
    }

    @Test
    void theTextOfAStepIsTheSameOnAMachineWithOtherLineEnds() {
        SchemaStep windows = new SchemaStep(1, ONE.name(), ONE.sql().replace("\n", "\r\n"));

        assertThat(windows.sha256()).isEqualTo(ONE.sha256());
    }

    @Test
    void stepsAreReadFromResources() {
        List<SchemaStep> steps = SchemaStep.load(SchemaTest.class, "001-parcels.sql");

        assertThat(steps).hasSize(1);
        assertThat(steps.getFirst().name()).isEqualTo("parcels");
        assertThat(steps.getFirst().statements())
                .containsExactly("CREATE CACHED TABLE parcel (\n    id BIGINT PRIMARY KEY\n)");
    }

    private StateStore open(SchemaStep... steps) throws StoreException {
        return StateStore.open(folder, Items.OPTIONS, List.of(steps));
    }

    private StoreException refusal(SchemaStep... steps) {
        return catchThrowableOfType(StoreException.class, () -> open(steps).close());
    }

    private static int count(StateStore store, String table) {
        return store.reads()
                .withHandle(
                        h ->
                                h.createQuery("SELECT COUNT(*) FROM " + table)
                                        .mapTo(Integer.class)
                                        .one());
    }
}
