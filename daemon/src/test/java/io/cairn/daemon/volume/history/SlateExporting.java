package io.cairn.daemon.volume.history;

import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Exports of a slate, which nobody uses. */
final class SlateExporting implements Exporting {
    private static final String PROTOCOL = "chalk";

    private final Slate slate;
    private final Slate.Provider all;

    SlateExporting(Slate slate, Slate.Provider all) {
        this.slate = slate;
        this.all = all;
    }

    @Override
    public Set<String> protocols() {
        return Set.of(PROTOCOL);
    }

    @Override
    public Export export(ExportSpec spec) throws DriverException, InterruptedException {
        return slate.change(
                "export",
                Set.of(spec.target().volume()),
                () -> {
                    long _ = slate.sizeBytes(spec.target().volume());
                    all.exports.put(spec.id(), spec);
                    return exported(spec.id(), spec.target()).orElseThrow();
                });
    }

    @Override
    public void unexport(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        boolean _ =
                slate.change(
                        "unexport", Set.of(target.volume()), () -> all.exports.remove(id) != null);
    }

    @Override
    public Optional<Export> exported(ConnectionId id, Target target) {
        return Optional.ofNullable(all.exports.get(id))
                .map(_ -> new Export(PROTOCOL, Map.of("at", id.toString()), Set.of()));
    }
}
