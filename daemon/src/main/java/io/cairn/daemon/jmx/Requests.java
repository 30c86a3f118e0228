package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.NewConnection;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Particulars;
import io.cairn.spi.ByteSize;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Reads the texts that clients pass. What is wrong with one is said as INVALID. */
final class Requests {
    private static final String LEGAL_VOLUME =
            "pool, description, label.KEY, zone, project, user, spec.KEY, qos.KEY, id";
    private static final String LEGAL_CLONE = "size, " + LEGAL_VOLUME;
    private static final String LEGAL_ADOPTED =
            "description, label.KEY, zone, project, user, spec.KEY, qos.KEY, id";
    static final String VOLUME_PROPERTIES = LEGAL_VOLUME + "; as " + PropertyText.SYNTAX;
    static final String CLONE_PROPERTIES = LEGAL_CLONE + "; as " + PropertyText.SYNTAX;
    static final String ADOPTED_PROPERTIES = LEGAL_ADOPTED + "; as " + PropertyText.SYNTAX;
    static final String CONNECTION_PROPERTIES =
            "mode (rw or ro), protocol, and what the host says of itself: ip, initiator, nqn, nvme_hostid, wwpns, multipath ...; as "
                    + PropertyText.SYNTAX;
    static final String SNAPSHOT_PROPERTIES =
            "description, label.KEY, id; as " + PropertyText.SYNTAX;
    static final String GROUP_PROPERTIES = "description, label.KEY; as " + PropertyText.SYNTAX;
    static final String LABEL_KEY =
            "The label's key: 1 to 63 lower-case letters, digits, '.', '_', '-'";
    static final String LABEL_VALUE = "The label's value: at most 255 characters; may be empty";
    static final String TAG = "The tag: 1 to 63 lower-case letters, digits, '.', '_', '-'";
    static final String VOLUME_FILTER =
            Filters.INTRODUCTION
                    + "backend, pool, name (may end with *), "
                    + Filters.COMMON
                    + ", source (what they were made from: the UUID of a volume or a snapshot, BACKEND/VOLUME or BACKEND/VOLUME/SNAPSHOT)"
                    + Filters.SORT
                    + "; as backend=fast,name=db*,older=P7D,minSize=10GiB,label.team=db,sort=-size";
    static final String SNAPSHOT_FILTER =
            Filters.INTRODUCTION
                    + "backend, volume (with backend), pool (of their volume), name (may end with *), "
                    + Filters.COMMON
                    + ", source (their volume: its UUID or BACKEND/VOLUME)"
                    + Filters.SORT
                    + "; as source=fast/db1,name=nightly*,older=P7D,sort=name";

    /** The most rows of one page; {@link Pages} ends it earlier where they are big. */
    static final int MAX_LIMIT = 1000;

    static final String LIMIT =
            "How many rows at most: 1 to 1000; fewer come if they are big, with a continuation";

    static final String LIMIT_WITHOUT_MORE = "How many lines at most: 1 to 1000";

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
        Requests request = new Requests(properties, LEGAL_VOLUME);
        return request.volume(name, Optional.of(size(size)));
    }

    /** A volume to be made from a snapshot, as big as that unless a size is given. */
    static NewVolume newClone(String name, String properties) throws OperationException {
        Requests request = new Requests(properties, LEGAL_CLONE);
        Optional<String> size = request.take("size");
        return request.volume(
                name, size.isPresent() ? Optional.of(size(size.get())) : Optional.empty());
    }

    /** A volume to be made of what is there, as large as that. */
    static NewVolume adopted(String name, String properties) throws OperationException {
        return new Requests(properties, LEGAL_ADOPTED).volume(name, Optional.empty());
    }

    static NewConnection newConnection(String host, String properties) throws OperationException {
        Map<String, String> values = PropertyText.parse(properties);
        boolean readOnly = readOnly(Optional.ofNullable(values.remove("mode")).orElse("rw"));
        Optional<String> protocol = Optional.ofNullable(values.remove("protocol"));
        return new NewConnection(host, readOnly, protocol, values);
    }

    static boolean readOnly(String mode) throws OperationException {
        if (!mode.equals("rw") && !mode.equals("ro")) {
            throw invalid("the mode '%s' is none: write rw or ro".formatted(Names.shortened(mode)));
        }
        return mode.equals("ro");
    }

    static NewSnapshot newSnapshot(String name, String properties) throws OperationException {
        Requests request = new Requests(properties, "description, label.KEY, id");
        return request.snapshot(name, request.takeId(SnapshotId::parse));
    }

    /** Of several snapshots, which all get the same. */
    static NewSnapshot newGroup(String name, String properties) throws OperationException {
        return new Requests(properties, "description, label.KEY").snapshot(name, Optional.empty());
    }

    private NewSnapshot snapshot(String name, Optional<SnapshotId> id) throws OperationException {
        NewSnapshot snapshot = new NewSnapshot(name, take("description").orElse(""), labels, id);
        finish();
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
                        new Particulars(
                                take("zone").orElse(""),
                                take("project").orElse(""),
                                take("user").orElse(""),
                                takeAll("spec."),
                                takeAll("qos.")),
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

    private Map<String, String> takeAll(String prefix) {
        Map<String, String> taken = new HashMap<>();
        values.entrySet()
                .removeIf(
                        entry -> {
                            boolean one = entry.getKey().startsWith(prefix);
                            if (one) {
                                taken.put(
                                        entry.getKey().substring(prefix.length()),
                                        entry.getValue());
                            }
                            return one;
                        });
        return taken;
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
