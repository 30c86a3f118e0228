package io.cairn.daemon.crash;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.tck.CephNode;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A client of a Ceph cluster, apart from all that is tested. Not for several threads. */
final class CephClient implements AutoCloseable {
    /** Not the first of the path, which may be another one, without Ceph's modules. */
    private static final String PYTHON = "/usr/bin/python3";

    private static final String PROGRAM = "ceph-images.py";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final OutputStream to;
    private final InputStream from;

    private CephClient(Process process) {
        this.process = process;
        this.to = process.getOutputStream();
        this.from = new BufferedInputStream(process.getInputStream());
    }

    /** What it says to a question. */
    @SuppressWarnings("ArrayRecordComponent") // compared with nothing
    record Answer(JsonNode value, byte[] bytes) {}

    /**
     * Connects one.
     *
     * @param namespace in the cluster's one pool
     */
    static CephClient start(Path conf, String namespace) throws IOException {
        Path program = Files.createTempFile("cairn-", "-" + PROGRAM);
        program.toFile().deleteOnExit();
        try (InputStream text =
                Objects.requireNonNull(CephClient.class.getResourceAsStream(PROGRAM))) {
            Files.write(program, text.readAllBytes());
        }
        return new CephClient(
                new ProcessBuilder(
                                List.of(
                                        PYTHON,
                                        program.toString(),
                                        conf.toString(),
                                        CephNode.POOL,
                                        namespace))
                        .redirectError(Redirect.INHERIT)
                        .start());
    }

    /**
     * Asks it for one of the things that the program has.
     *
     * @param name of an image, a snapshot or an object; empty if it is about all
     * @throws IOException if that fails
     */
    Answer ask(String what, String name, byte... data) throws IOException {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("do", what);
        request.put("name", name);
        request.put("bytes", data.length);
        to.write(JSON.writeValueAsBytes(request));
        to.write('\n');
        to.write(data);
        to.flush();
        JsonNode said = JSON.readTree(line());
        byte[] bytes = from.readNBytes(said.path("bytes").asInt());
        if (said.has("error")) {
            throw new IOException(
                    "%s of '%s': %s".formatted(what, name, said.path("error").asText()));
        }
        return new Answer(said.path("value"), bytes);
    }

    private byte[] line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = from.read(); next != '\n'; next = from.read()) {
            if (next < 0) {
                throw new EOFException("%s has ended".formatted(PROGRAM));
            }
            line.write(next);
        }
        return line.toByteArray();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
