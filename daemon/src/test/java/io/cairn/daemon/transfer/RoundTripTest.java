package io.cairn.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.keyvalue.KeyValues.KeyValue;
import io.cairn.daemon.volume.Dossier;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What was exported is what is exported where it was imported, whatever it is. */
final class RoundTripTest {
    private static final Document.Header HEADER =
            new Document.Header(Instant.EPOCH, new UUID(1, 1), "", true);

    @Test
    void whatIsWrittenIsWhatIsRead() throws Exception {
        long seed = seed();
        for (int i = 0; i < 300; i++) {
            AnyState any = new AnyState(seed + i);
            List<Dossier> dossiers = any.dossiers("fast");
            Map<String, String> values = any.keyValues();
            byte[] text = text(HEADER, dossiers, values);
            Document read = StateReader.read(new ByteArrayInputStream(text), "it");
            assertThat(read.header()).isEqualTo(HEADER);
            assertThat(read.dossiers()).isEqualTo(dossiers);
            assertThat(read.keyValues()).isEqualTo(values);
        }
    }

    @Test
    void anEmptyDaemonExportsWhatItImported(@TempDir Path folder) throws Exception {
        long seed = seed();
        for (int i = 0; i < 12; i++) {
            AnyState any = new AnyState(seed + i);
            HeldStorage storage = new HeldStorage();
            List<Dossier> dossiers = any.dossiers("fast");
            dossiers.forEach(storage::hold);
            boolean secrets = i % 2 == 0;
            String text =
                    new String(
                            text(
                                    new Document.Header(Instant.EPOCH, new UUID(1, 1), "", secrets),
                                    dossiers,
                                    any.keyValues()),
                            java.nio.charset.StandardCharsets.US_ASCII);
            Path home = folder.resolve("site" + i);
            Site.describe(home, "fast", Map.of("driver", "held"));
            try (Site site = new Site(home, new UUID(2, i), storage)) {
                String report = site.invoke("importState", text, "import");
                assertThat(report).contains(", 0 the same already, 0 in conflict");
                String again = secrets ? "exportStateWithSecrets" : "exportState";
                assertThat(MoveTest.withoutHeader(site.invoke(again, "")))
                        .isEqualTo(MoveTest.withoutHeader(text));
                site.verifyCounts();
                assertThat(site.invoke("importState", text, "import")).contains("0 created, ");
                site.verifyCounts();
            }
            // It is durable, and counted anew at the start.
            try (Site site = new Site(home, new UUID(2, i), storage)) {
                assertThat(MoveTest.withoutHeader(site.invoke("exportState", "")))
                        .isEqualTo(
                                MoveTest.withoutHeader(
                                        new String(
                                                text(
                                                        new Document.Header(
                                                                Instant.EPOCH,
                                                                new UUID(1, 1),
                                                                "",
                                                                false),
                                                        dossiers,
                                                        new AnyStateValues(seed + i).values()),
                                                java.nio.charset.StandardCharsets.US_ASCII)));
                site.verifyCounts();
            }
        }
    }

    /** The values that the same seed gave. */
    private record AnyStateValues(long seed) {
        Map<String, String> values() {
            AnyState any = new AnyState(seed);
            List<Dossier> _ = any.dossiers("fast");
            return any.keyValues();
        }
    }

    private static byte[] text(
            Document.Header header, List<Dossier> dossiers, Map<String, String> values)
            throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        StateWriter writer = new StateWriter(out, header);
        for (Dossier dossier : dossiers) {
            writer.add(dossier);
        }
        writer.endVolumes();
        for (Map.Entry<String, String> value : values.entrySet()) {
            writer.add(new KeyValue(value.getKey(), value.getValue()));
        }
        writer.end();
        return out.toByteArray();
    }

    private static long seed() {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("RoundTripTest: -Dcairn.seed=" + seed);
        return seed;
    }
}
