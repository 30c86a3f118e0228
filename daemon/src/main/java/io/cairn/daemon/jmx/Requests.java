package io.cairn.daemon.jmx;

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
            Filters.INTRODUCTION
                    + "backend, pool, name (may end with *), "
                    + Filters.COMMON
                    + ", source (what they were made from: the UUID of a volume or a snapshot, BACKEND/VOLUME or BACKEND/VOLUME/SNAPSHOT)"
                    + Filters.SORT
                    + "; as backend=fast,name=db*,older=P7D,minSize=10GiB,label.team=db,sort=-size";
    static final String SNAPSHOT_FILTER =
            Filters.INTRODUCTION
                    + "backend, volume (with backend), name (may end with *), "
                    + Filters.COMMON
                    + ", source (their volume: its UUID or BACKEND/VOLUME)"
                    + Filters.SORT
                    + "; as source=fast/db1,name=nightly*,older=P7D,sort=name";

    /** The most rows of one page; {@link Pages} ends it earlier where they are big. */
    static final int MAX_LIMIT = 1000;

    static final String LIMIT =
            "How many rows at most: 1 to 1000; fewer come if they are big, with a continuation";

    private static final String LABEL = "label.";

    private final Map<String, String> values;
    private final Map<String, String> labels = new HashMap<>();
    private final String legal;

    Requests(String text, String legal) throws OperationException {
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

    static long size(String text) throws OperationException {
        try {
            return ByteSize.parse(text.strip());
        } catch (IllegalArgumentException e) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not a size: write a whole number and a unit, such as 512MiB or 10GiB, of %d bytes at most"
                            .formatted(Names.shortened(text.strip()), Long.MAX_VALUE),
                    e);
        }
    }

    Map<String, String> labels() {
        return labels;
    }

    Optional<String> take(String key) {
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

    void finish() throws OperationException {
        if (!values.isEmpty()) {
            throw invalid(
                    "'%s' is not known here: use %s"
                            .formatted(Names.shortened(values.keySet().iterator().next()), legal));
        }
    }

    static OperationException invalid(String message) {
        return new OperationException(Code.INVALID, message);
    }
}
