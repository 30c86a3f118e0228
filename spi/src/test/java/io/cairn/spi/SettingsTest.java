package io.cairn.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

final class SettingsTest {
    private static final List<Option> OPTIONS =
            List.of(
                    Option.required("directory", Option.Type.PATH, "where the images lie"),
                    Option.optional("mode", Option.Type.TEXT, "auto", "how").among("auto", "copy"),
                    Option.optional("reserve", Option.Type.SIZE, "1GiB", "kept free"),
                    Option.optional("wait", Option.Type.DURATION, "PT30S", "how long"),
                    Option.optional("tries", Option.Type.INTEGER, "3", "how often"),
                    Option.optional("sync", Option.Type.BOOLEAN, "true", "whether"),
                    Option.optional("key", Option.Type.TEXT, "none", "the key").hidden());

    @Test
    void valuesAreReadAndFallbacksFillIn() {
        Settings settings = new Settings(OPTIONS, Map.of("directory", "/srv/a", "reserve", "2MiB"));
        assertThat(settings.path("directory")).isEqualTo(Path.of("/srv/a"));
        assertThat(settings.sizeBytes("reserve")).isEqualTo(2L << 20);
        assertThat(settings.text("mode")).isEqualTo("auto");
        assertThat(settings.duration("wait")).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.integer("tries")).isEqualTo(3);
        assertThat(settings.flag("sync")).isTrue();
    }

    @Test
    void everyProblemIsNamedAtOnce() {
        Map<String, String> wrong =
                Map.of(
                        "mode", "fast",
                        "reserve", "10",
                        "wait", "30s",
                        "tries", "many",
                        "sync", "yes",
                        "colour", "red");
        assertThat(Settings.problems(OPTIONS, wrong))
                .hasSize(7)
                .anyMatch(line -> line.contains("'directory' is missing"))
                .anyMatch(line -> line.contains("'fast' is not one of auto, copy"))
                .anyMatch(line -> line.contains("'10' is not a size"))
                .anyMatch(line -> line.contains("'30s' is not an ISO-8601 duration"))
                .anyMatch(line -> line.contains("'many' is not a whole number"))
                .anyMatch(line -> line.contains("'yes' is neither true nor false"))
                .anyMatch(line -> line.contains("'colour' is unknown"));
    }

    @Test
    void pathsThatClimbOrAreRelativeAreRefused() {
        for (String path : List.of("images", "/srv/../etc", "", "/srv/./a", "/a\0b")) {
            assertThat(Settings.problems(OPTIONS, Map.of("directory", path))).as(path).hasSize(1);
        }
    }

    @Test
    void secretsAreNotShown() {
        Settings settings = new Settings(OPTIONS, Map.of("directory", "/a", "key", "hunter2"));
        assertThat(settings.toString()).contains("key=***").doesNotContain("hunter2");
    }

    @Test
    void askingForWhatWasNotDeclaredIsABug() {
        Settings settings = new Settings(OPTIONS, Map.of("directory", "/a"));
        assertThatThrownBy(() -> settings.text("colour")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> settings.text("tries")).isInstanceOf(IllegalStateException.class);
    }
}
