package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.Opening;
import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.plugin.local.qemu.StorageDaemon;
import io.cairn.plugin.local.qemu.StorageDaemons;
import io.cairn.spi.Target;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The storage daemons of a backend, as {@link StorageDaemons} has them, each with its layers. */
final class LayeredDaemons {
    private final StorageDaemons all;
    private final Path layers;

    /**
     * Those of one backend.
     *
     * @param backend the backend's folder, which has the layers in {@link Layers#LAYERS}
     * @param shortFolder where sockets go if the path of that is too long for them
     */
    LayeredDaemons(Path backend, Path shortFolder, ServingOptions options) {
        this.all = new StorageDaemons(backend, shortFolder, options);
        this.layers = backend.toAbsolutePath().resolve(Layers.LAYERS);
    }

    /** The same, for what is not about layers. */
    StorageDaemons all() {
        return all;
    }

    boolean available() {
        return all.available();
    }

    /** As {@link StorageDaemons#of}. */
    Optional<LayeredDaemon> of(Target target) throws IOException {
        return all.of(target).map(this::layered);
    }

    /** As {@link StorageDaemons#look}. */
    Optional<LayeredDaemon> look(Target target) throws IOException {
        return all.look(target).map(this::layered);
    }

    /** As {@link StorageDaemons#shown}. */
    Path shown(Target target) {
        return all.shown(target);
    }

    Set<Target> running() throws IOException {
        return all.running();
    }

    LayeredDaemon layered(StorageDaemon daemon) {
        return new LayeredDaemon(daemon.process(), layers);
    }

    /**
     * Starts the one of a target that has none. It runs with all of the chain open, or not at all.
     *
     * @param chain the layers' files, absolute, the lowest first
     * @throws OsException IN_USE if another process writes to the layers; UNSUPPORTED if the
     *     program is missing or paths are too long
     */
    LayeredDaemon start(Target target, List<Path> chain, boolean readOnly)
            throws OsException, IOException, InterruptedException {
        List<Map<String, Object>> nodes = new ArrayList<>();
        @Nullable Node below = null;
        for (int i = 0; i < chain.size(); i++) {
            Node node = Node.of(chain.get(i));
            boolean top = i == chain.size() - 1;
            nodes.add(node.options(chain.get(i), below, readOnly || !top));
            below = node;
        }
        if (below == null) {
            throw new IllegalArgumentException("no layer of " + target);
        }
        nodes.add(Node.disk(below, readOnly));
        return layered(
                all.start(
                        target,
                        new Opening(List.of("throttle-group,id=" + Node.UNLIMITED), nodes)));
    }
}
