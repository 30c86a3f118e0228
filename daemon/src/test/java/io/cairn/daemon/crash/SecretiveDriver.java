package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.Option;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** A plugin whose storage wants passwords, and gives them to the hosts that connect. */
public final class SecretiveDriver implements Driver, DriverProvider, Exporting {
    /** What hosts connect by. */
    static final String PROTOCOL = "iscsi";

    private final Map<VolumeId, BackendVolume> volumes = new ConcurrentHashMap<>();
    private final Map<ConnectionId, Export> exports = new ConcurrentHashMap<>();
    private volatile String chap = "";

    /** Puts it as a jar into a folder of plugins. */
    static void install(Path plugins) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Cairn-Spi-Version", "1");
        Path jar = Files.createDirectories(plugins.resolve("secretive")).resolve("secretive.jar");
        String name = SecretiveDriver.class.getName();
        String file = name.replace('.', '/') + ".class";
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest);
                InputStream code =
                        SecretiveDriver.class.getResourceAsStream("SecretiveDriver.class")) {
            entries.putNextEntry(new ZipEntry("META-INF/services/io.cairn.spi.DriverProvider"));
            entries.write(name.getBytes(UTF_8));
            entries.putNextEntry(new ZipEntry(file));
            Objects.requireNonNull(code).transferTo(entries);
        }
    }

    @Override
    public String name() {
        return "secretive";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                "1",
                "tests",
                "no storage",
                List.of(
                        Option.required("password", Option.Type.TEXT, "the password").hidden(),
                        Option.required("key", Option.Type.TEXT, "the key").hidden(),
                        Option.optional("pin", Option.Type.INTEGER, "0", "the pin").hidden(),
                        Option.required("chap", Option.Type.TEXT, "what hosts get").hidden()));
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings) {
        chap = settings.text("chap");
        return this;
    }

    @Override
    public BackendFacts facts() {
        return new BackendFacts("nothing", "nothing", Set.of());
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec) {
        BackendVolume made =
                new BackendVolume(spec.id(), "p", spec.sizeBytes(), "nowhere", spec.mark());
        volumes.put(spec.id(), made);
        return made;
    }

    @Override
    public void deleteVolume(VolumeId id) {
        volumes.remove(id);
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id) {
        return Optional.ofNullable(volumes.get(id));
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) {
        volumes.computeIfPresent(
                id,
                (_, old) ->
                        new BackendVolume(id, old.pool(), old.sizeBytes(), old.location(), mark));
    }

    @Override
    public void inventory(InventoryVisitor visitor) {
        volumes.values().forEach(visitor::volume);
    }

    @Override
    public List<PoolStats> pools() {
        return List.of(new PoolStats("p", 1L << 40, 1L << 40));
    }

    @Override
    public Optional<Exporting> exporting() {
        return Optional.of(this);
    }

    @Override
    public Set<String> protocols() {
        return Set.of(PROTOCOL);
    }

    @Override
    public Export export(ExportSpec spec) {
        Export export =
                new Export(PROTOCOL, Map.of("portal", "192.0.2.1", "chap", chap), Set.of("chap"));
        exports.put(spec.id(), export);
        return export;
    }

    @Override
    public void unexport(ConnectionId id, Target target) {
        exports.remove(id);
    }

    @Override
    public Optional<Export> exported(ConnectionId id, Target target) {
        return Optional.ofNullable(exports.get(id));
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume) {}

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume) {
        return Optional.empty();
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark) {}

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
