package io.cairn.daemon.transfer;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.cairn.daemon.transfer.Document.Header;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Dossier;
import io.cairn.daemon.volume.Dossiers;
import io.cairn.daemon.volume.Hold;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Origin;
import io.cairn.daemon.volume.Particulars;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Reads an export strictly, a volume at a time, and says everything that is wrong with its form.
 * For one thread, used once. Whether it makes sense is seen to by {@link Dossiers}.
 */
final class StateReader {
    /** A message is read by people. */
    static final int MOST_PROBLEMS = 20;

    private static final Set<String> FIELDS =
            new LinkedHashSet<>(
                    List.of(
                            "format",
                            "version",
                            "exportedAt",
                            "daemon",
                            "what",
                            "secrets",
                            "volumes",
                            "keyValues"));

    /** As in a form that was made here, and not much more: it comes from anywhere. */
    private static final JsonMapper MAPPER =
            new JsonMapper(
                    new JsonFactoryBuilder()
                            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                            .streamReadConstraints(
                                    StreamReadConstraints.builder()
                                            .maxNestingDepth(16)
                                            .maxNumberLength(100)
                                            .maxNameLength(1 << 10)
                                            .maxStringLength(1 << 20)
                                            .build())
                            .build());

    private final JsonParser json;
    private final List<String> problems = new ArrayList<>();
    private final ObjectNode header = MAPPER.createObjectNode();
    private final Set<String> seen = new LinkedHashSet<>();
    private final List<Dossier> dossiers = new ArrayList<>();
    private final SortedMap<String, String> keyValues = new TreeMap<>();
    private long objects;

    private StateReader(JsonParser json) {
        this.json = json;
    }

    /**
     * Reads all of it.
     *
     * @param where it is from, for messages
     * @throws OperationException INVALID with everything that is wrong with it, up to some
     */
    static Document read(InputStream in, String where) throws OperationException, IOException {
        try (JsonParser json = MAPPER.createParser(in)) {
            return new StateReader(json).read();
        } catch (JsonProcessingException e) {
            throw new OperationException(
                    Code.INVALID,
                    "%s is no whole JSON: %s, in line %d, column %d; nothing was changed: export it anew"
                            .formatted(
                                    where,
                                    Names.shortened(reason(e)),
                                    e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                                    e.getLocation() == null ? 0 : e.getLocation().getColumnNr()),
                    e);
        }
    }

    private static String reason(JsonProcessingException e) {
        return String.valueOf(e.getOriginalMessage());
    }

    private Document read() throws OperationException, IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw invalid("it is not an object, which every export is");
        }
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            seen.add(field);
            JsonToken first = json.nextToken();
            switch (field) {
                case "volumes" -> {
                    requireVersion();
                    readVolumes(first);
                }
                case "keyValues" -> {
                    requireVersion();
                    readKeyValues(first);
                }
                case "format", "version", "exportedAt", "daemon", "what", "secrets" ->
                        header.set(field, MAPPER.readTree(json));
                default -> {
                    problems.add(Fields.unknown("the export", field, FIELDS));
                    json.skipChildren();
                }
            }
        }
        if (json.nextToken() != null) {
            throw new JsonParseException(json, "there is more behind the end of the export");
        }
        requireVersion();
        Set<String> missing = new LinkedHashSet<>(FIELDS);
        missing.removeAll(seen);
        missing.stream()
                .filter(field -> field.equals("volumes") || field.equals("keyValues"))
                .forEach(field -> problems.add("the export lacks the field '%s'".formatted(field)));
        Fields fields = new Fields("the export", header, problems);
        Header read =
                new Header(
                        fields.time("exportedAt"),
                        fields.id("daemon"),
                        fields.text("what"),
                        fields.flag("secrets"));
        refuseProblems();
        return new Document(read, dossiers, keyValues);
    }

    /** At once, since of another version every field may mean something else. */
    private void requireVersion() throws OperationException {
        JsonNode format = header.get("format");
        JsonNode version = header.get("version");
        if (format == null || version == null) {
            throw invalid(
                    "it does not begin with the fields format and version, as every export does");
        }
        if (!format.asText().equals(Document.FORMAT)) {
            throw invalid(
                    "its format is '%s' and not '%s'"
                            .formatted(Names.shortened(format.asText()), Document.FORMAT));
        }
        if (!version.isInt() || version.intValue() != Document.VERSION) {
            throw invalid(
                    "its version is %s, and this daemon reads version %d: export it anew with a daemon of the same release as this one"
                            .formatted(Names.shortened(version.asText()), Document.VERSION));
        }
    }

    private void readVolumes(JsonToken first) throws OperationException, IOException {
        if (first != JsonToken.START_ARRAY) {
            throw invalid("its field 'volumes' is not a list");
        }
        while (json.nextToken() != JsonToken.END_ARRAY) {
            Fields fields =
                    new Fields(
                            "volumes[%d]".formatted(dossiers.size()),
                            MAPPER.readTree(json),
                            problems);
            Dossier dossier = dossier(fields);
            fields.refuseOthers();
            dossiers.add(dossier);
            objects += 1 + dossier.cuts().size() + dossier.connections().size();
            if (problems.size() > MOST_PROBLEMS) {
                refuseProblems();
            }
            if (objects > Dossiers.MOST) {
                throw invalid(
                        "it has more than %d volumes, snapshots and connections: export one backend, or some volumes, at a time"
                                .formatted(Dossiers.MOST));
            }
        }
    }

    private void readKeyValues(JsonToken first) throws OperationException, IOException {
        if (first != JsonToken.START_OBJECT) {
            throw invalid("its field 'keyValues' is not an object");
        }
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = json.currentName();
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                problems.add("keyValues.%s is not a text".formatted(Names.shortened(key)));
                json.skipChildren();
                continue;
            }
            keyValues.put(key, json.getText());
        }
    }

    private static Dossier dossier(Fields fields) {
        VolumeId id = new VolumeId(fields.id("id"));
        String backend = fields.text("backend");
        String name = fields.text("name");
        Volume volume =
                new Volume(
                        id,
                        backend,
                        fields.text("pool"),
                        name,
                        fields.text("description"),
                        fields.texts("labels"),
                        new Particulars(
                                fields.text("zone"),
                                fields.text("project"),
                                fields.text("user"),
                                fields.texts("specs"),
                                fields.texts("qos")),
                        fields.bytes("sizeBytes"),
                        ObjectState.AVAILABLE,
                        fields.time("createdAt"),
                        fields.objectOrNull(
                                "origin",
                                origin ->
                                        new Origin(
                                                new VolumeId(origin.id("volume")),
                                                origin.idOrNull("snapshot").map(SnapshotId::new))),
                        fields.text("location"),
                        0,
                        0,
                        0);
        List<Hold> holds = fields.objects("holds", StateReader::hold);
        List<Dossier.Cut> cuts = fields.objects("snapshots", each -> cut(each, volume));
        Map<SnapshotId, String> names =
                cuts.stream()
                        .map(Dossier.Cut::snapshot)
                        .collect(Collectors.toMap(Snapshot::id, Snapshot::name, (a, _) -> a));
        return new Dossier(
                volume,
                fields.text("adoptedFrom"),
                holds,
                cuts,
                fields.objects("connections", each -> connection(each, volume, names)));
    }

    private static Hold hold(Fields fields) {
        return new Hold(fields.text("tag"), fields.text("by"), fields.time("since"));
    }

    private static Dossier.Cut cut(Fields fields, Volume volume) {
        Snapshot snapshot =
                new Snapshot(
                        new SnapshotId(fields.id("id")),
                        volume.id(),
                        volume.backend(),
                        volume.name(),
                        fields.text("name"),
                        fields.text("description"),
                        fields.texts("labels"),
                        fields.bytes("sizeBytes"),
                        ObjectState.AVAILABLE,
                        fields.time("createdAt"),
                        fields.text("location"),
                        0,
                        0);
        return new Dossier.Cut(snapshot, fields.objects("holds", StateReader::hold));
    }

    private static Connection connection(
            Fields fields, Volume volume, Map<SnapshotId, String> names) {
        Optional<SnapshotId> snapshot = fields.idOrNull("snapshot").map(SnapshotId::new);
        return new Connection(
                new ConnectionId(fields.id("id")),
                new Target(volume.id(), snapshot),
                volume.backend(),
                volume.name(),
                snapshot.map(id -> names.getOrDefault(id, "")).orElse(""),
                fields.text("host"),
                fields.flag("local"),
                fields.flag("readOnly"),
                fields.text("protocol"),
                fields.texts("connector"),
                fields.texts("info"),
                fields.words("secrets"),
                fields.text("device"),
                state(fields),
                fields.time("createdAt"));
    }

    private static Connection.State state(Fields fields) {
        String text = fields.text("state");
        return Arrays.stream(Connection.State.values())
                .filter(state -> state.toString().equals(text))
                .findFirst()
                .orElseGet(
                        () -> {
                            fields.problem("state", text, "connected, attached or lost");
                            return Connection.State.LOST;
                        });
    }

    private void refuseProblems() throws OperationException {
        if (!problems.isEmpty()) {
            int more = problems.size() - MOST_PROBLEMS;
            throw invalid(
                    problems.stream().limit(MOST_PROBLEMS).collect(Collectors.joining("; "))
                            + (more > 0 ? "; and more" : ""));
        }
    }

    private static OperationException invalid(String problem) {
        return new OperationException(
                Code.INVALID, "this cannot be imported, and nothing was changed: " + problem);
    }
}
