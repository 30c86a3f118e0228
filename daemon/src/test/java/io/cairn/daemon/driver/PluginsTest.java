package io.cairn.daemon.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.DriverProvider;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** Loads plugins that the test itself compiles, each a jar in a folder. */
final class PluginsTest {
    private static final String SERVICE = "META-INF/services/io.cairn.spi.DriverProvider";
    private final List<Plugins> loaded = new ArrayList<>();
    @TempDir private Path folder;
    @TempDir private Path work;

    @AfterEach
    void closeAll() {
        loaded.forEach(Plugins::close);
    }

    @Test
    void aPluginIsLoadedAndReportedWithItsDriver() throws Exception {
        plugin("good", "1", source("good", ""));

        Plugins plugins = load();

        assertThat(plugins.provider("good")).isPresent();
        assertThat(plugins.info("good").orElseThrow().vendor()).isEqualTo("test");
        assertThat(plugins.reports())
                .containsExactly(new PluginReport("good", true, "good 7 (a driver)"));
    }

    @Test
    void aPluginSeesTheContractAndNothingElseOfTheDaemon() throws Exception {
        plugin("good", "1", source("good", ""));

        ClassLoader loader = load().provider("good").orElseThrow().getClass().getClassLoader();

        assertThat(loader.loadClass(DriverProvider.class.getName())).isSameAs(DriverProvider.class);
        for (String hidden :
                List.of(
                        "io.cairn.daemon.driver.Plugins",
                        "com.google.inject.Guice",
                        "org.slf4j.Logger")) {
            assertThatThrownBy(() -> loader.loadClass(hidden))
                    .isInstanceOf(ClassNotFoundException.class);
        }
    }

    @Test
    void pluginsDoNotSeeEachOther() throws Exception {
        plugin("one", "1", source("one", ""));
        plugin("two", "1", source("two", ""));

        Plugins plugins = load();

        assertThat(plugins.names()).containsExactly("one", "two");
        assertThat(plugins.provider("one").orElseThrow().getClass())
                .isNotSameAs(plugins.provider("two").orElseThrow().getClass())
                .hasToString("class test.Provider");
    }

    @Test
    void oneBrokenPluginOfEachKindIsReportedAndTheRestLoads() throws Exception {
        Files.createDirectory(folder.resolve("empty"));
        Files.writeString(Files.createDirectory(folder.resolve("garbage")).resolve("a.jar"), "no");
        plugin("good", "1", source("good", ""));
        plugin("newer", "2", source("newer", ""));
        plugin("unversioned", "", source("unversioned", ""));
        plugin("same", "1", source("good", ""));
        plugin("throwing", "1", source("throwing", "throw new IllegalStateException(\"oops\");"));
        plugin("word", "1", source("Not A Word", ""));
        Path missing = plugin("missing", "1", source("missing", ""));
        rewrite(missing, "1", "test.Absent", List.of());
        Path none = plugin("none", "1", source("none", ""));
        rewrite(none, "1", "", List.of());

        Plugins plugins = load();

        assertThat(plugins.names()).containsExactly("good");
        assertReport(plugins, "empty", "there is no jar in");
        assertReport(plugins, "garbage", "a.jar is no jar that can be read");
        assertReport(plugins, "newer", "built for SPI version 2, and this daemon has 1");
        assertReport(plugins, "unversioned", "unknown (no Cairn-Spi-Version)");
        assertReport(plugins, "same", "plugin good already brings a driver 'good'");
        assertReport(plugins, "throwing", "oops");
        assertReport(plugins, "word", "'Not A Word'");
        assertReport(plugins, "missing", "test.Absent");
        assertReport(plugins, "none", "names no driver");
    }

    @Test
    void aClassOfAnotherVersionOfTheContractIsNeverLoaded() throws Exception {
        Path witness = work.resolve("witness");
        plugin(
                "newer",
                "2",
                source(
                        "newer",
                        "try { java.nio.file.Files.createFile(java.nio.file.Path.of(\"%s\")); }"
                                        .formatted(witness)
                                + " catch (java.io.IOException e) { throw new Error(e); }"));

        assertThat(load().names()).isEmpty();
        assertThat(witness).doesNotExist();
    }

    @Test
    void aJarThatOthersCanChangeIsNotLoaded() throws Exception {
        Path jar = plugin("good", "1", source("good", ""));
        Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("rw-rw-rw-"));

        assertReport(load(), "good", "can be changed by everyone");
    }

    @Test
    void aMissingPluginFolderIsReported() {
        Plugins plugins = Plugins.load(folder.resolve("absent"));

        assertThat(plugins.names()).isEmpty();
        assertThat(plugins.reports()).singleElement().matches(report -> !report.loaded());
    }

    private Plugins load() {
        Plugins plugins = Plugins.load(folder);
        loaded.add(plugins);
        return plugins;
    }

    private static void assertReport(Plugins plugins, String folder, String message) {
        PluginReport report =
                plugins.reports().stream()
                        .filter(one -> one.folder().equals(folder))
                        .findFirst()
                        .orElseThrow();
        assertThat(report.loaded()).isFalse();
        assertThat(report.message()).contains(message).doesNotContain("\n");
    }

    private static String source(String name, String constructor) {
        return """
        package test;
        public final class Provider implements io.cairn.spi.DriverProvider {
            public Provider() { if (true) { %s } }
            public String name() { return "%s"; }
            public io.cairn.spi.DriverInfo info() {
                return new io.cairn.spi.DriverInfo("7", "test", "a driver", java.util.List.of());
            }
            public io.cairn.spi.Driver open(
                    io.cairn.spi.BackendIdentity self, io.cairn.spi.Settings settings) {
                throw new UnsupportedOperationException();
            }
        }
        """
                .formatted(constructor, name);
    }

    private Path plugin(String name, String version, String source) throws IOException {
        Path classes = Files.createDirectory(work.resolve(name));
        Path file = classes.resolve("Provider.java");
        Files.writeString(file, source);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        List<String> options =
                List.of(
                        "-proc:none",
                        "-d",
                        classes.toString(),
                        "-cp",
                        System.getProperty("java.class.path"));
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            assertThat(
                            compiler.getTask(
                                            said,
                                            files,
                                            null,
                                            options,
                                            null,
                                            files.getJavaFileObjects(file))
                                    .call())
                    .as(said.toString())
                    .isTrue();
        }
        Path jar = Files.createDirectory(folder.resolve(name)).resolve(name + ".jar");
        rewrite(jar, version, "test.Provider", List.of(classes.resolve("test/Provider.class")));
        return jar;
    }

    private static void rewrite(Path jar, String version, String provider, List<Path> classes)
            throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (!version.isEmpty()) {
            manifest.getMainAttributes().putValue("Cairn-Spi-Version", version);
        }
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest)) {
            entries.putNextEntry(new ZipEntry(SERVICE));
            entries.write(provider.getBytes(UTF_8));
            for (Path file : classes) {
                entries.putNextEntry(new ZipEntry("test/" + file.getFileName()));
                entries.write(Files.readAllBytes(file));
            }
        }
    }
}
