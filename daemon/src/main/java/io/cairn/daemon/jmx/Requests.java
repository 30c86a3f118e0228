package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.ByteSize;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Reads the texts that clients pass. What is wrong with one is said as INVALID. */
final class Requests {
    static final String VOLUME_PROPERTIES =
            "pool, description, label.KEY, id; as " + PropertyText.SYNTAX;
    static final String CLONE_PROPERTIES =
            "size, pool, description, label.KEY, id; as " + PropertyText.SYNTAX;
    static final String SNAPSHOT_PROPERTIES =
            "description, label.KEY, id; as " + PropertyText.SYNTAX;
    static final String VOLUME_FILTER =
            "Empty for all, or what must apply: backend, pool, name (may end with *), label.KEY; as backend=fast,name=db*,label.team=db";
    static final String SNAPSHOT_FILTER =
            "Empty for all, or what must apply: backend, volume (with backend), name (may end with *), label.KEY; as backend=fast,volume=db1,name=nightly*";

    /** The most rows of one page; {@link Pages} ends it earlier where they are big. */
    static final int MAX_LIMIT = 1000;

    static final String LIMIT =
            "How many rows at most: 1 to 1000; fewer come if they are big, with a continuation";

    private static final String LABEL = "label.";

    private final Map<String, String> values;
    private final Map<String, String> labels = new HashMap<>();
    private final String legal;

    private Requests(String text, String legal) throws OperationException {
        this.values = PropertyText.parse(text);
        this.legal = legal;
        values.entrySet()
                .removeIf(
                        entry -> {
                            boolean label = entry.getKey().startsWith(LABEL);
                            if (label) {
                                labels.put(
                                        entry.getKey().substring(LABEL.length()), entry.getValue());
                            }
                            return label;
                        });
    }

    static NewVolume newVolume(String name, String size, String properties)
            throws OperationException {
        Requests request = new Requests(properties, "pool, description, label.KEY, id");
        return request.volume(name, Optional.of(size(size)));
    }

    /** A volume to be made from a snapshot, as big as that unless a size is given. */
    static NewVolume newClone(String name, String properties) throws OperationException {
        Requests request = new Requests(properties, "size, pool, description, label.KEY, id");
        Optional<String> size = request.take("size");
        return request.volume(
                name, size.isPresent() ? Optional.of(size(size.get())) : Optional.empty());
    }

    static NewSnapshot newSnapshot(String name, String properties) throws OperationException {
        Requests request = new Requests(properties, "description, label.KEY, id");
        NewSnapshot snapshot =
                new NewSnapshot(
                        name,
                        request.take("description").orElse(""),
                        request.labels,
                        request.takeId(SnapshotId::parse));
        request.finish();
        return snapshot;
    }

    static Filter volumeFilter(String text) throws OperationException {
        Requests request = new Requests(text, "backend, pool, name, label.KEY");
        Filter filter =
                new Filter(
                        request.take("backend"),
                        Optional.empty(),
                        request.take("pool"),
                        request.take("name"),
                        request.labels);
        request.finish();
        return filter;
    }

    static Filter snapshotFilter(String text) throws OperationException {
        Requests request = new Requests(text, "backend, volume, name, label.KEY");
        Filter filter =
                new Filter(
                        request.take("backend"),
                        request.take("volume"),
                        Optional.empty(),
                        request.take("name"),
                        request.labels);
        request.finish();
        if (filter.volume().isPresent() && filter.backend().isEmpty()) {
            throw invalid(
                    "volume=%s needs its backend beside it, since a name is unique only there: write backend=NAME,volume=%s"
                            .formatted(filter.volume().get(), filter.volume().get()));
        }
        return filter;
    }

    /** Clients turn junk into 0, so that 0 must not mean anything. */
    static int limit(int limit) throws OperationException {
        if (limit < 1 || limit > MAX_LIMIT) {
            throw invalid(
                    "the limit %d is not allowed: ask for 1 to %d rows at a time, and pass the continuation of one page to get the next"
                            .formatted(limit, MAX_LIMIT));
        }
        return limit;
    }

    private NewVolume volume(String name, Optional<Long> size) throws OperationException {
        NewVolume volume =
                new NewVolume(
                        name,
                        size,
                        take("pool"),
                        take("description").orElse(""),
                        labels,
                        takeId(VolumeId::parse));
        finish();
        return volume;
    }

    private static long size(String text) throws OperationException {
        try {
            return ByteSize.parse(text.strip());
        } catch (IllegalArgumentException e) {
            throw new OperationException(Code.INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    private Optional<String> take(String key) {
        return Optional.ofNullable(values.remove(key));
    }

    private <I> Optional<I> takeId(Function<String, I> parse) throws OperationException {
        String text = values.remove("id");
        if (text == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(parse.apply(text));
        } catch (IllegalArgumentException e) {
            throw new OperationException(
                    Code.INVALID,
                    "the id '%s' is not a UUID: write 36 characters such as 123e4567-e89b-42d3-a456-426614174000"
                            .formatted(Names.shortened(text)),
                    e);
        }
    }

    private void finish() throws OperationException {
        if (!values.isEmpty()) {
            throw invalid(
                    "'%s' is not known here: use %s"
                            .formatted(Names.shortened(values.keySet().iterator().next()), legal));
        }
    }

    private static OperationException invalid(String message) {
        return new OperationException(Code.INVALID, message);
    }
}
