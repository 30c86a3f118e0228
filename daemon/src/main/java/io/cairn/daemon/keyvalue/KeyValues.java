package io.cairn.daemon.keyvalue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.Statements;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.Urgency;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * Texts under keys. A change is durable when its call returns. Every call can be repeated: to put
 * the same again or to delete what is gone changes nothing and does not fail. Safe for many
 * threads.
 */
@Singleton
public final class KeyValues {
    /** In bytes of UTF-8. */
    public static final int MAX_VALUE = 64 << 10;

    /** What a key may look like, for the descriptions of parameters. */
    public static final String KEY =
            "1 to 255 letters and digits of ASCII, '.', '_', ':', '/', '@', '+' and '-', beginning with a letter or digit";

    /** What a page of a list may hold, in bytes, before it ends. */
    private static final int MOST_BYTES = 256 << 10;

    /** Begins a continuation, which ends with the last key. */
    private static final String AFTER = "after=";

    private static final Pattern KEYS = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,254}");

    /** What JConsole has in every field before somebody types; nobody means it. */
    private static final String PREFILLED = "String";

    private final StateStore store;
    private final AtomicLong count = new AtomicLong();

    /** A key with its value. */
    public record KeyValue(String key, String value) {}

    @Inject
    public KeyValues(StateStore store) {
        this.store = store;
        count.set(counted());
        store.onReopened(() -> count.set(counted()));
    }

    /** What it needs of the state store. */
    public static List<SchemaStep> schema() {
        return SchemaStep.load(KeyValues.class, "0005-key-values.sql");
    }

    /**
     * Keeps a value, in place of the one that the key may have.
     *
     * @throws OperationException INVALID, NO_SPACE or UNAVAILABLE
     */
    public void put(String key, String value) throws OperationException {
        checkKey(key);
        checkValue(key, value);
        boolean added =
                commit(
                        Urgency.ORDINARY,
                        "put",
                        key,
                        statements -> {
                            PreparedStatement update =
                                    statements.prepare(
                                            "UPDATE key_value SET item_value = ? WHERE item_key = ?");
                            update.setString(1, value);
                            update.setString(2, key);
                            if (update.executeUpdate() > 0) {
                                return false;
                            }
                            PreparedStatement insert =
                                    statements.prepare(
                                            "INSERT INTO key_value (item_key, item_value) VALUES (?, ?)");
                            insert.setString(1, key);
                            insert.setString(2, value);
                            insert.executeUpdate();
                            return true;
                        });
        if (added) {
            count.incrementAndGet();
        }
    }

    /** The value of a key, empty if it has none. */
    public Optional<String> get(String key) throws OperationException {
        checkKey(key);
        return store.reads()
                .withHandle(
                        handle ->
                                handle.createQuery(
                                                "SELECT item_value FROM key_value WHERE item_key = ?")
                                        .bind(0, key)
                                        .mapTo(String.class)
                                        .findOne());
    }

    /**
     * Forgets a key and its value.
     *
     * @return whether it was there
     * @throws OperationException INVALID or UNAVAILABLE
     */
    public boolean delete(String key) throws OperationException {
        checkKey(key);
        boolean deleted =
                commit(
                        Urgency.COMPLETING,
                        "delete",
                        key,
                        statements -> {
                            PreparedStatement delete =
                                    statements.prepare("DELETE FROM key_value WHERE item_key = ?");
                            delete.setString(1, key);
                            return delete.executeUpdate() > 0;
                        });
        if (deleted) {
            count.decrementAndGet();
        }
        return deleted;
    }

    /**
     * Keys that begin like this, in the order of their characters, with their values.
     *
     * @param prefix empty for all
     * @param limit the most, above zero; fewer come if their values are long
     * @param continuation empty, or what the page before came with
     */
    public Page<KeyValue> list(String prefix, int limit, String continuation)
            throws OperationException {
        if (!prefix.isEmpty()) {
            checkKey(prefix);
        }
        boolean goesOn = !continuation.isEmpty();
        String last = goesOn ? last(prefix, continuation) : "";
        List<KeyValue> found = new ArrayList<>();
        boolean more =
                store.reads()
                        .withHandle(
                                handle ->
                                        handle.createQuery(
                                                        "SELECT item_key, item_value FROM key_value"
                                                                + " WHERE item_key >= ? AND item_key < ?"
                                                                + " ORDER BY item_key LIMIT ? USING INDEX")
                                                .bind(
                                                        0,
                                                        // The least text beyond the key.
                                                        goesOn ? last + "!" : prefix)
                                                .bind(1, prefix + "~")
                                                .bind(2, limit + 1)
                                                .scanResultSet(
                                                        (rows, _) ->
                                                                read(rows.get(), found, limit)));
        return new Page<>(found, more ? AFTER + found.getLast().key() : "");
    }

    private static String last(String prefix, String continuation) throws OperationException {
        String last = continuation.startsWith(AFTER) ? continuation.substring(AFTER.length()) : "";
        if (!KEYS.matcher(last).matches() || !last.startsWith(prefix)) {
            throw invalid(
                    "'%s' is no continuation of a list of keys that begin with '%s': pass the one that the page before it came with, or nothing"
                            .formatted(Names.shortened(continuation), prefix));
        }
        return last;
    }

    /** What the keys are kept with now, of those that are kept at all. */
    public Map<String, String> there(Collection<String> keys) throws OperationException {
        Map<String, String> there = new TreeMap<>();
        for (String key : keys) {
            get(key).ifPresent(value -> there.put(key, value));
        }
        return there;
    }

    /**
     * A change that keeps values under keys that have none, or just these: of any other value it
     * refuses to make another. Whoever has it made says so by {@link #added}.
     *
     * @throws OperationException INVALID
     */
    public Adding adding(SortedMap<String, String> values) throws OperationException {
        for (Map.Entry<String, String> each : values.entrySet()) {
            checkKey(each.getKey());
            checkValue(each.getKey(), each.getValue());
        }
        return new Adding(values);
    }

    /** Counts what a change added, once it is durable. */
    public void added(Adding done) {
        count.addAndGet(done.added());
    }

    /** How many there are, from memory. */
    public long count() {
        return count.get();
    }

    /** Returns whether there are more. */
    private static boolean read(ResultSet rows, List<KeyValue> found, int limit)
            throws SQLException {
        long bytes = 0;
        while (rows.next()) {
            if (found.size() == limit || bytes >= MOST_BYTES) {
                return true;
            }
            KeyValue next = new KeyValue(rows.getString(1), rows.getString(2));
            found.add(next);
            bytes += next.key().length() + next.value().length();
        }
        return false;
    }

    private long counted() {
        return store.reads()
                .withHandle(
                        handle ->
                                handle.createQuery("SELECT COUNT(*) FROM key_value")
                                        .mapTo(Long.class)
                                        .one());
    }

    private interface Change {
        boolean apply(Statements statements) throws SQLException;
    }

    private boolean commit(Urgency urgency, String what, String key, Change change)
            throws OperationException {
        try {
            return store.commit(urgency, change::apply);
        } catch (StoreException e) {
            throw new OperationException(
                    switch (e.kind()) {
                        case FULL -> Code.NO_SPACE;
                        case FAILED, REFUSED -> Code.FAULT;
                        case LOCKED, DAMAGED, UNFIT, FENCED, CLOSED -> Code.UNAVAILABLE;
                    },
                    "cannot %s %s: the state store refused it: %s; try again when it can be written"
                            .formatted(what, key, e.getMessage()),
                    e);
        }
    }

    private static void checkKey(String key) throws OperationException {
        if (!KEYS.matcher(key).matches() || key.equals(PREFILLED)) {
            throw invalid(
                    "the key '%s' is not allowed: use %s, and not the word %s alone"
                            .formatted(Names.shortened(key), KEY, PREFILLED));
        }
    }

    private static void checkValue(String key, String value) throws OperationException {
        int bytes;
        try {
            // Strictly: getBytes would put a question mark for what is no text.
            bytes =
                    value.length() > MAX_VALUE
                            ? value.length()
                            : UTF_8.newEncoder().encode(CharBuffer.wrap(value)).remaining();
        } catch (CharacterCodingException e) {
            throw new OperationException(
                    Code.INVALID,
                    "the value of %s is no text: it has half of a surrogate pair".formatted(key),
                    e);
        }
        if (bytes > MAX_VALUE) {
            throw invalid(
                    "the value of %s is too long: it has %d bytes or more, the most is %d"
                            .formatted(key, bytes, MAX_VALUE));
        }
        if (value.indexOf('\0') >= 0) {
            throw invalid("the value of %s has a NUL character: leave it out".formatted(key));
        }
    }

    private static OperationException invalid(String message) {
        return new OperationException(Code.INVALID, message);
    }
}
