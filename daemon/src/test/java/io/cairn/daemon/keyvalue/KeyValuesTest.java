package io.cairn.daemon.keyvalue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.keyvalue.KeyValues.KeyValue;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

final class KeyValuesTest {
    @TempDir private Path folder;

    private StateStore store;
    private KeyValues values;

    @BeforeEach
    void open() throws Exception {
        store = StateStore.open(folder, StoreOptions.DEFAULTS, KeyValues.schema());
        values = new KeyValues(store);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void whatIsPutIsThereAfterARestartToTheCharacter() throws Exception {
        String any = "\n\t\u0001 'x' \\u0041 \"é\u200f\uffff\ud83d\ude00 ";
        values.put("any", any);
        values.put("empty", "");
        store.close();
        open();

        assertThat(values.get("any")).hasValue(any);
        assertThat(values.get("empty")).hasValue("");
        assertThat(values.count()).isEqualTo(2);
    }

    @Test
    void theLastPutCountsAndRepeatingIsNoChange() throws Exception {
        values.put("k", "one");
        values.put("k", "two");
        values.put("k", "two");

        assertThat(values.get("k")).hasValue("two");
        assertThat(values.count()).isEqualTo(1);
        assertThat(values.delete("k")).isTrue();
        assertThat(values.delete("k")).isFalse();
        assertThat(values.get("k")).isEmpty();
        assertThat(values.count()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", " ", "String", "a b", "-a", "é", "a\u200f", "a\n", "a~", "a*", "a,b", "a=b"
            })
    void whatIsNoKeyIsRefused(String key) {
        assertThatThrownBy(() -> values.put(key, "x"))
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.code()).isEqualTo(Code.INVALID))
                .hasMessageContaining("the key '")
                .hasMessageContaining("use 1 to 255 letters");
        assertThatThrownBy(() -> values.get(key)).hasMessageContaining("the key '");
        assertThatThrownBy(() -> values.delete(key)).hasMessageContaining("the key '");
    }

    @Test
    void keysDifferInCaseAndMayBeLong() throws Exception {
        String longest = "k".repeat(255);
        values.put(longest, "1");
        values.put("A/b:c@d+e_f.g-h", "2");
        values.put("a/b:c@d+e_f.g-h", "3");

        assertThat(values.get("A/b:c@d+e_f.g-h")).hasValue("2");
        assertThat(values.get(longest)).hasValue("1");
        assertThatThrownBy(() -> values.put(longest + "k", "x")).hasMessageContaining("the key '");
    }

    @Test
    void aValueHas64KiBOfUtf8AtMostAndNoNul() throws Exception {
        values.put("ascii", "x".repeat(KeyValues.MAX_VALUE));
        values.put("two", "é".repeat(KeyValues.MAX_VALUE / 2));

        assertThat(values.get("ascii").orElseThrow()).hasSize(KeyValues.MAX_VALUE);
        assertThat(values.get("two")).hasValue("é".repeat(KeyValues.MAX_VALUE / 2));
        for (String bad :
                List.of(
                        "x".repeat(KeyValues.MAX_VALUE + 1),
                        "é".repeat(KeyValues.MAX_VALUE / 2 + 1),
                        "a\0b",
                        "\ud83d")) {
            assertThatThrownBy(() -> values.put("bad", bad))
                    .hasMessageContaining("the value of bad");
        }
        assertThat(values.get("bad")).isEmpty();
    }

    @Test
    void aListIsReadByPagesThatEndWhereTheyAreBigAndStaysRight() throws Exception {
        for (int i = 0; i < 20; i++) {
            values.put("big/%02d".formatted(i), "v".repeat(60_000));
        }
        values.put("a", "1");
        values.put("bigger", "2");
        List<String> keys = new ArrayList<>();
        String continuation = "";
        do {
            Page<KeyValue> page = values.list("big/", 9, continuation);
            assertThat(page.items()).hasSizeBetween(1, 6);
            page.items().forEach(one -> keys.add(one.key()));
            continuation = page.continuation();
            values.delete(keys.getLast());
            values.put("big/%s.new".formatted(keys.getLast().substring(4)), "later");
        } while (!continuation.isEmpty());

        assertThat(keys).contains("big/00", "big/13", "big/19").isSorted().doesNotHaveDuplicates();
        assertThat(keys.stream().filter(key -> !key.endsWith(".new"))).hasSize(20);
        assertThat(values.list("", 1, "").items()).extracting(KeyValue::key).containsExactly("a");
    }

    @Test
    void aContinuationOfAnotherListIsRefused() {
        for (String other : new String[] {"b1", "a1", "after=b1", "after=", "after=a 1"}) {
            assertThatThrownBy(() -> values.list("a", 1, other))
                    .hasMessageContaining("is no continuation of a list of keys");
        }
    }
}
