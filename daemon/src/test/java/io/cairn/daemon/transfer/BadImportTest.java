package io.cairn.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.Dossier;
import io.cairn.daemon.volume.Filter;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;

/** Whatever is wrong with an import is said, and nothing is changed. */
final class BadImportTest {
    private static final String VOLUME =
            """
            {"id":"11111111-1111-1111-1111-111111111111","backend":"fast","pool":"p","name":"db1",
            "description":"","zone":"","project":"","user":"","labels":{},"specs":{},"qos":{},
            "sizeBytes":1024,"createdAt":"2026-01-01T00:00:00Z","origin":null,"location":"/x","adoptedFrom":"",
            "holds":[],"snapshots":[
            {"id":"22222222-2222-2222-2222-222222222222","name":"s","description":"","labels":{},
            "sizeBytes":1024,"createdAt":"2026-01-02T00:00:00Z","location":"/y","holds":[]}],
            "connections":[]}""";
    private static final String WHOLE =
            """
            {"format":"cairn-state","version":1,"exportedAt":"2026-01-03T00:00:00Z",
            "daemon":"33333333-3333-3333-3333-333333333333","what":"","secrets":false,
            "volumes":[%s],"keyValues":{"k":"v"}}"""
                    .formatted(VOLUME);

    private Site site;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        Site.describe(folder, "fast", Map.of("driver", "held"));
        HeldStorage storage = new HeldStorage();
        for (Dossier dossier : read().dossiers()) {
            storage.hold(dossier);
        }
        site = new Site(folder, new UUID(1, 1), storage);
    }

    @AfterEach
    void close() {
        site.close();
    }

    @Test
    void theWholeOneIsGood() throws Exception {
        assertThat(site.invoke("importState", WHOLE, "import")).contains("3 created");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    "version":1              | "version":2                | its version is 2, and this daemon reads version 1
                    "version":1              | "version":"1"              | its version is 1, and this daemon
                    "cairn-state"            | "other"                    | its format is 'other' and not 'cairn-state'
                    "format":"cairn-state",  | ``                         | does not begin with the fields format and version
                    "secrets":false          | "secrets":"no"             | the export.secrets: 'no' is not true or false
                    ,"keyValues":{"k":"v"}   | ``                         | the export lacks the field 'keyValues'
                    "what":""                | "what":"","wat":1          | has a field 'wat', which is unknown; did you mean 'what'?
                    "zone":""                | "zone":"","zne":""         | volumes[0] has a field 'zne', which is unknown; did you mean 'zone'?
                    "zone":"",               | ``                         | volumes[0] lacks the field 'zone'
                    "zone":""                | "zone":"","zone":""        | no whole JSON: Duplicate field 'zone'
                    "sizeBytes":1024,"createdAt":"2026-01-01 | "sizeBytes":99999999999999999999,"createdAt":"2026-01-01 | volumes[0].sizeBytes: '99999999999999999999' is not a whole number
                    "sizeBytes":1024,"createdAt":"2026-01-01 | "sizeBytes":0,"createdAt":"2026-01-01 | volumes[0].sizeBytes: '0' is not a whole number
                    "sizeBytes":1024,"createdAt":"2026-01-01 | "sizeBytes":1e3,"createdAt":"2026-01-01 | volumes[0].sizeBytes:
                    2026-01-01T00:00:00Z     | yesterday                  | volumes[0].createdAt: 'yesterday' is not a time
                    2026-01-01T00:00:00Z     | 9999-01-01T00:00:00Z       | the time 9999-01-01T00:00:00Z is not from
                    11111111-1111-1111-1111-111111111111 | 1-1-1-1-1      | volumes[0].id: '1-1-1-1-1' is not a UUID
                    "name":"db1"             | "name":"../x"              | volume name '../x' is not allowed
                    "backend":"fast"         | "backend":"slow"           | backend slow: it is not open here
                    "backend":"fast"         | "backend":7                | volumes[0].backend: '7' is not a text
                    "pool":"p"               | "pool":"q"                 | it lies in pool p there, not in q
                    "adoptedFrom":""         | "adoptedFrom":" "          | the path ' ' is not allowed
                    "adoptedFrom":""         | "adoptedFrom":null         | volumes[0].adoptedFrom: 'null' is not a text
                    "labels":{},"specs"      | "labels":{"a":1},"specs"   | volumes[0].labels.a: '1' is not a text
                    "labels":{},"specs"      | "labels":{"A B":""},"specs" | label name 'A B' is not allowed
                    "origin":null            | "origin":{"volume":"11111111-1111-1111-1111-111111111111"} | volumes[0].origin lacks the field 'snapshot'
                    "name":"s"               | "nam":"s"                  | volumes[0].snapshots[0] lacks the field 'name'
                    22222222-2222-2222-2222-222222222222 | 44444444-4444-4444-4444-444444444444 | snapshot fast/db1/s (44444444-4444-4444-4444-444444444444): it is not on the backend
                    2026-01-02               | 2026-01-05                 | it was cut at 2026-01-02T00:00:00Z there
                    "k":"v"                  | "k":5                      | keyValues.k is not a text
                    "k":"v"                  | "a b":"v"                  | the key 'a b' is not allowed
                    "v"}}                    | "v"}                       | is no whole JSON
                    "v"}}                    | "v"}} {}                   | there is more behind the end
                    "volumes":[              | "volumes":[[[[[[[[[[[[[[[[[[[[ | is no whole JSON
                    "volumes":[              | "volumes":[7,              | volumes[0] is not an object
                    """)
    void whatIsWrongIsSaidAndNothingIsChanged(String good, String bad, String message)
            throws Exception {
        assertThat(WHOLE).contains(good);
        String text =
                WHOLE.replaceFirst(
                        java.util.regex.Pattern.quote(good),
                        java.util.regex.Matcher.quoteReplacement(bad));
        assertThat(site.refusal("importState", text, "import"))
                .matches("(?s)(INVALID|CONFLICT): .*")
                .contains(message)
                .hasSizeLessThan(5_000);
        verifyNothingChanged();
    }

    @Test
    void whatIsThereTwiceIsRefused() throws Exception {
        assertThat(
                        site.refusal(
                                "importState",
                                WHOLE.replace(VOLUME, VOLUME + "," + VOLUME),
                                "import"))
                .contains("the id 11111111-1111-1111-1111-111111111111 is there twice")
                .contains("the name db1 of backend fast is there twice")
                .contains("the id 22222222-2222-2222-2222-222222222222 is there twice");
        verifyNothingChanged();
    }

    @Test
    void theIdOfAnothersIsRefused() throws Exception {
        site.invoke("importState", WHOLE, "import");
        String other =
                WHOLE.replace("11111111-1111-1111-1111-111111111111", UUID.randomUUID().toString())
                        .replace("db1", "db2");
        assertThat(site.refusal("importState", other, "import"))
                .contains("its id is known here with another volume")
                .contains("it is not on the backend");
        assertThat(site.volumes.volumes(Filter.ALL, 10, "").items()).hasSize(1);
        site.verifyCounts();
    }

    @Test
    void manyProblemsAreBounded() throws Exception {
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < 1_000; i++) {
            labels.append("\"x%d\":1,".formatted(i));
        }
        String text = WHOLE.replaceFirst("\"zone\"", labels + "\"zone\"");
        assertThat(site.refusal("importState", text, "import"))
                .hasSizeLessThan(5_000)
                .endsWith("and more");
        verifyNothingChanged();
    }

    @Test
    void nothingAtAllIsRefused() throws Exception {
        assertThat(site.refusal("importState", "", "import")).startsWith("INVALID: ");
        assertThat(site.refusal("importState", "String", "import")).startsWith("INVALID: ");
        assertThat(site.refusal("importState", "[]", "import")).startsWith("INVALID: ");
        assertThat(site.refusal("importState", WHOLE, "")).startsWith("INVALID: ");
        verifyNothingChanged();
    }

    private void verifyNothingChanged() throws Exception {
        assertThat(site.volumes.volumes(Filter.ALL, 10, "").items()).isEmpty();
        assertThat(site.keyValues.count()).isZero();
        site.verifyCounts();
    }

    private static Document read() throws Exception {
        return StateReader.read(
                new java.io.ByteArrayInputStream(
                        WHOLE.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                "it");
    }
}
