package io.cairn.plugin.rbd;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Export;
import io.cairn.spi.Mark;
import io.cairn.spi.Target;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Hosts that have images open by Ceph's protocol. */
@Tag("ceph")
@Timeout(180)
final class GrantsTest extends ServingFixture {
    @Test
    void anExportByRbdSaysWhereTheImageIsAndIsThereAfterARestart() throws Exception {
        BackendVolume volume = volume(OBJECT);
        BackendSnapshot snapshot = snapshot(volume);
        Target target = Target.of(volume.id());
        Target cut = Target.of(volume.id(), snapshot.id());
        ConnectionId id = ConnectionId.random();

        Export export = export(id, target, false, Serving.RBD);
        Export ofCut = export(id, cut, true, Serving.RBD);

        assertThat(exporting().protocols()).containsExactly(NBD, Serving.RBD);
        String image = "cairn-v-" + volume.id();
        String name = "cairn/%s/%s".formatted(OneNode.name(namespace), image);
        assertThat(export.secrets()).isEmpty();
        assertThat(export.info())
                .containsEntry("name", name)
                .containsEntry("pool", "cairn")
                .containsEntry("namespace", OneNode.name(namespace))
                .containsEntry("image", image)
                .containsEntry("auth_username", "cairn")
                .containsEntry("conf", OneNode.conf(namespace).toString())
                .containsEntry(
                        "uri", "rbd:%s:id=cairn:conf=%s".formatted(name, OneNode.conf(namespace)))
                .containsOnlyKeys(
                        "uri",
                        "name",
                        "pool",
                        "namespace",
                        "image",
                        "fsid",
                        "monitors",
                        "auth_username",
                        "conf");
        assertThat(export.info().get("monitors")).matches("127\\.0\\.0\\.1:[0-9]+");
        assertThat(ofCut.info())
                .containsEntry("snapshot", snapshot.id().toString())
                .containsEntry("name", name + "@" + snapshot.id());
        driver.markVolume(volume.id(), new Mark("renamed"));
        driver.close();
        driver = open();
        assertThat(exporting().exported(id, target)).contains(export);
        assertThat(exporting().exported(id, cut)).contains(ofCut);
        assertThat(export(id, target, false, Serving.RBD)).isEqualTo(export);
        exporting().unexport(id, target);
        assertThat(exporting().exported(id, target)).isEmpty();
        assertThat(exporting().exported(id, cut)).contains(ofCut);
        exporting().unexport(id, cut);
        assertThat(exporting().exported(id, cut)).isEmpty();
    }

    @Test
    void qemuOpensWhatAnExportByRbdTells() throws Exception {
        Target target = Target.of(volume(OBJECT).id());
        ConnectionId id = ConnectionId.random();

        String uri = export(id, target, false, Serving.RBD).info().get("uri");

        assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-img")), "there is no qemu-img");
        assertThat(OneNode.said(List.of("qemu-img", "info", "-f", "raw", uri)))
                .contains("virtual size: 4 MiB");
        exporting().unexport(id, target);
    }

    @Test
    void whatIsExportedByRbdIsNotDeletedNorTakenBackNorWrittenOtherwise() throws Exception {
        BackendVolume volume = volume(OBJECT);
        BackendSnapshot snapshot = snapshot(volume);
        Target target = Target.of(volume.id());
        Target cut = Target.of(volume.id(), snapshot.id());
        ConnectionId id = ConnectionId.random();
        Export _ = export(id, cut, true, Serving.RBD);
        assertFails(
                Kind.IN_USE,
                id.toString(),
                () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        exporting().unexport(id, cut);

        Export _ = export(id, target, false, Serving.RBD);

        assertFails(
                Kind.IN_USE,
                id.toString(),
                () -> driver.reverting().orElseThrow().revert(volume.id(), snapshot.id()));
        assertFails(Kind.IN_USE, id.toString(), () -> attaching().attach(target, false));
        for (String protocol : List.of(NBD, Serving.RBD)) {
            assertFails(
                    Kind.IN_USE,
                    id.toString(),
                    () -> export(ConnectionId.random(), target, false, protocol));
            assertFails(Kind.CONFLICT, "already", () -> export(id, target, true, protocol));
        }
        driver.deleteSnapshot(snapshot.id(), volume.id());
        assertFails(Kind.IN_USE, id.toString(), () -> driver.deleteVolume(volume.id()));
        exporting().unexport(id, target);
        driver.deleteVolume(volume.id());
    }

    @Test
    void whatIsWrittenByNbdIsNotExportedByRbdForWriting() throws Exception {
        Target target = Target.of(volume(OBJECT).id());
        ConnectionId id = ConnectionId.random();
        ConnectionId other = ConnectionId.random();
        Export _ = export(id, target, false, NBD);

        assertFails(
                Kind.IN_USE,
                "take that export back first",
                () -> export(other, target, false, Serving.RBD));
        assertFails(Kind.CONFLICT, "by nbd", () -> export(id, target, false, Serving.RBD));

        Export _ = export(other, target, true, Serving.RBD);
        exporting().unexport(other, target);
        exporting().unexport(id, target);
    }

    @Test
    void anExportByRbdIsNotTakenBackWhileAHostHasTheImageOpen() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        ConnectionId id = ConnectionId.random();
        Export export = export(id, target, false, Serving.RBD);

        try (ImageChannel _ = new ImageChannel(namespace, volume.location(), true)) {
            assertFails(
                    Kind.IN_USE,
                    "it is open still, by 127.0.0.1:",
                    () -> exporting().unexport(id, target));
            assertThat(exporting().exported(id, target)).contains(export);
        }

        exporting().unexport(id, target);
        assertThat(exporting().exported(id, target)).isEmpty();
    }
}
