package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.ValuePage;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.keyvalue.KeyValues.KeyValue;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;

import java.util.function.Function;

/** The texts that callers keep here. Safe for many threads. */
class DaemonValues extends DaemonState {
    private final Sources sources;

    DaemonValues(Sources sources) {
        super(sources);
        this.sources = sources;
    }

    @Shown("How many values callers keep here")
    long valueCount() {
        return sources.keyValues().count();
    }

    @WriteOperation(
            value =
                    "Keeps a text under a key, in place of the one that is there; durable when it returns, and may be repeated",
            role = Role.OPERATOR)
    String putValue(
            @Description("The key: " + KeyValues.KEY) String key,
            @Secret
                    @Description(
                            "Any text without NUL, 64 KiB of UTF-8 at most; the empty text is a value too")
                    String value)
            throws OperationException {
        sources.keyValues().put(key, value);
        return "stored " + key;
    }

    @ReadOperation(
            value = "The text that is kept under a key; NOT_FOUND if there is none",
            role = Role.OPERATOR)
    String getValue(@Description("The key that a text was put under") String key)
            throws OperationException {
        return sources.keyValues()
                .get(key)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no value of %s".formatted(key)));
    }

    @WriteOperation(
            value = "Forgets a key and its text; one that is not there is none already",
            role = Role.OPERATOR)
    String deleteValue(@Description("The key that a text was put under") String key)
            throws OperationException {
        return (sources.keyValues().delete(key) ? "deleted " : "there was no ") + key;
    }

    @ReadOperation(
            value = "Keys and their values in the order of the keys, a page at a time",
            role = Role.OPERATOR)
    ValuePage listValues(
            @Description("What the keys begin with; empty for all") String prefix,
            @Description(Requests.LIMIT) int limit,
            @Description(DaemonLists.CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return values(prefix, limit, continuation, Texts::values);
    }

    @ReadOperation(
            value = "Keys and the beginnings of their values as a table in plain text",
            role = Role.OPERATOR)
    String listValuesText(
            @Description("What the keys begin with; empty for all") String prefix,
            @Description(Requests.LIMIT) int limit,
            @Description(DaemonLists.CONTINUATION) String continuation)
            throws OperationException, InterruptedException {
        return values(prefix, limit, continuation, Texts::valueTable);
    }

    private <R> R values(
            String prefix, int limit, String continuation, Function<Page<KeyValue>, R> form)
            throws OperationException, InterruptedException {
        return Pages.SHARED.page(
                (most, from) -> sources.keyValues().list(prefix, most, from),
                value -> value.key().length() + value.value().length(),
                Requests.limit(limit),
                continuation.strip(),
                form);
    }
}
