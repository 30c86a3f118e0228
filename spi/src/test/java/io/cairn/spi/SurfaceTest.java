package io.cairn.spi;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** What drivers are compiled against. A change here is a change for every driver. */
final class SurfaceTest {
    @Test
    void surfaceIsTheOneRecordedInSurfaceTxt() throws IOException {
        Path seen = Path.of("target", "surface.txt");
        Files.writeString(seen, surface());
        assertThat(Files.readString(seen))
                .as("a meant change: copy spi/%s over spi/surface.txt", seen)
                .isEqualTo(Files.readString(Path.of("surface.txt")));
    }

    private static String surface() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("target/classes/io/cairn/spi"))) {
            List<String> classes =
                    files.map(Path::toString)
                            .filter(name -> name.endsWith(".class"))
                            .sorted()
                            .toList();
            StringWriter out = new StringWriter();
            ToolProvider.findFirst("javap")
                    .orElseThrow()
                    .run(
                            new PrintWriter(out),
                            new PrintWriter(System.err, true, UTF_8),
                            Stream.concat(Stream.of("-public"), classes.stream())
                                    .toArray(String[]::new));
            return out.toString();
        }
    }
}
