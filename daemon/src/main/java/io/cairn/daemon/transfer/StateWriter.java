package io.cairn.daemon.transfer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;

import io.cairn.daemon.keyvalue.KeyValues.KeyValue;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Dossier;
import io.cairn.daemon.volume.Hold;
import io.cairn.daemon.volume.Origin;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.spi.SnapshotId;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Writes an export, a volume at a time, so that none but the one at hand is in memory. For one
 * thread. The package says what the format is.
 */
final class StateWriter {
    /** In ASCII, so that no terminal, and no half of a surrogate pair, spoils it. */
    private static final JsonFactory FACTORY =
            new JsonFactoryBuilder()
                    .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                    .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                    .build();

    private final JsonGenerator json;
    private final boolean secrets;
    private long volumes;
    private long snapshots;
    private long connections;
    private long values;

    StateWriter(OutputStream out, Document.Header header) throws IOException {
        json = FACTORY.createGenerator(out);
        json.setPrettyPrinter(new DefaultPrettyPrinter());
        secrets = header.secrets();
        json.writeStartObject();
        json.writeStringField("format", Document.FORMAT);
        json.writeNumberField("version", Document.VERSION);
        json.writeStringField("exportedAt", header.exportedAt().toString());
        json.writeStringField("daemon", header.daemon().toString());
        json.writeStringField("what", header.what());
        json.writeBooleanField("secrets", secrets);
        json.writeArrayFieldStart("volumes");
    }

    void add(Dossier dossier) throws IOException {
        Volume volume = dossier.volume();
        json.writeStartObject();
        json.writeStringField("id", volume.id().toString());
        json.writeStringField("backend", volume.backend());
        json.writeStringField("pool", volume.pool());
        json.writeStringField("name", volume.name());
        json.writeStringField("description", volume.description());
        json.writeStringField("zone", volume.particulars().zone());
        json.writeStringField("project", volume.particulars().project());
        json.writeStringField("user", volume.particulars().user());
        write("labels", volume.labels());
        write("specs", volume.particulars().specs());
        write("qos", volume.particulars().qos());
        json.writeNumberField("sizeBytes", volume.sizeBytes());
        json.writeStringField("createdAt", volume.createdAt().toString());
        json.writeFieldName("origin");
        if (volume.origin().isPresent()) {
            Origin origin = volume.origin().get();
            json.writeStartObject();
            json.writeStringField("volume", origin.volume().toString());
            json.writeStringField(
                    "snapshot", origin.snapshot().map(SnapshotId::toString).orElse(null));
            json.writeEndObject();
        } else {
            json.writeNull();
        }
        json.writeStringField("location", volume.location());
        json.writeStringField("adoptedFrom", dossier.adoptedFrom());
        write(dossier.holds());
        json.writeArrayFieldStart("snapshots");
        for (Dossier.Cut cut : dossier.cuts()) {
            write(cut);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("connections");
        for (Connection connection : dossier.connections()) {
            write(connection);
        }
        json.writeEndArray();
        json.writeEndObject();
        volumes++;
        snapshots += dossier.cuts().size();
        connections += dossier.connections().size();
    }

    /** Ends the volumes and begins the key-values. */
    void endVolumes() throws IOException {
        json.writeEndArray();
        json.writeObjectFieldStart("keyValues");
    }

    void add(KeyValue value) throws IOException {
        json.writeStringField(value.key(), value.value());
        values++;
    }

    void end() throws IOException {
        json.writeEndObject();
        json.writeEndObject();
        json.writeRaw('\n');
        json.flush();
        json.close();
    }

    /** How many objects an import of it has. */
    long objects() {
        return volumes + snapshots + connections;
    }

    /** What was written so far, in an operator's words. */
    String counts() {
        return "%d volumes, %d snapshots, %d connections, %d key-values"
                .formatted(volumes, snapshots, connections, values);
    }

    private void write(Dossier.Cut cut) throws IOException {
        Snapshot snapshot = cut.snapshot();
        json.writeStartObject();
        json.writeStringField("id", snapshot.id().toString());
        json.writeStringField("name", snapshot.name());
        json.writeStringField("description", snapshot.description());
        write("labels", snapshot.labels());
        json.writeNumberField("sizeBytes", snapshot.sizeBytes());
        json.writeStringField("createdAt", snapshot.createdAt().toString());
        json.writeStringField("location", snapshot.location());
        write(cut.holds());
        json.writeEndObject();
    }

    private void write(Connection connection) throws IOException {
        json.writeStartObject();
        json.writeStringField("id", connection.id().toString());
        json.writeStringField(
                "snapshot", connection.target().snapshot().map(SnapshotId::toString).orElse(null));
        json.writeStringField("host", connection.host());
        json.writeBooleanField("local", connection.local());
        json.writeBooleanField("readOnly", connection.readOnly());
        json.writeStringField("protocol", connection.protocol());
        write("connector", connection.connector());
        Map<String, String> info = new TreeMap<>(connection.info());
        if (!secrets) {
            info.keySet().removeAll(connection.secrets());
        }
        write("info", info);
        json.writeArrayFieldStart("secrets");
        for (String key : new TreeSet<>(connection.secrets())) {
            json.writeString(key);
        }
        json.writeEndArray();
        json.writeStringField("device", connection.device());
        json.writeStringField("state", connection.state().toString());
        json.writeStringField("createdAt", connection.createdAt().toString());
        json.writeEndObject();
    }

    private void write(List<Hold> holds) throws IOException {
        json.writeArrayFieldStart("holds");
        for (Hold hold : holds) {
            json.writeStartObject();
            json.writeStringField("tag", hold.tag());
            json.writeStringField("by", hold.by());
            json.writeStringField("since", hold.since().toString());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void write(String field, Map<String, String> texts) throws IOException {
        json.writeObjectFieldStart(field);
        for (Map.Entry<String, String> text : new TreeMap<>(texts).entrySet()) {
            json.writeStringField(text.getKey(), text.getValue());
        }
        json.writeEndObject();
    }
}
