package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Volumes and snapshots by NBD, served by storage daemons, and by Ceph's own protocol. */
final class Exported implements Exporting {
    private final Calls calls;
    private final Exporting nbd;
    private final Grants grants;
    private final Serving serving;
    private final Optional<String> lack;

    /**
     * @param lack what is missing for exports by NBD; those that are there can be taken back anyway
     */
    Exported(Calls calls, Exporting nbd, Grants grants, Serving serving, Optional<String> lack) {
        this.calls = calls;
        this.nbd = nbd;
        this.grants = grants;
        this.serving = serving;
        this.lack = lack;
    }

    @Override
    public Set<String> protocols() {
        Set<String> protocols = new LinkedHashSet<>(nbd.protocols());
        protocols.add(Serving.RBD);
        return Collections.unmodifiableSet(protocols);
    }

    @Override
    public Export export(ExportSpec spec) throws DriverException, InterruptedException {
        Target target = spec.target();
        boolean writable = !spec.readOnly() && !target.fixed();
        if (!spec.protocol().equals(Serving.RBD)) {
            calls.call(
                    "export " + target,
                    _ -> {
                        if (!protocols().contains(spec.protocol())) {
                            throw new OsException(UNSUPPORTED, refusal(spec.protocol()));
                        }
                        if (grants.of(spec.id(), target).isPresent()) {
                            throw otherwise(spec, Serving.RBD);
                        }
                        if (writable) {
                            grants.checkNoneWrites(target.volume());
                            if (serving.isKernelsForWriting(target)) {
                                throw new OsException(
                                        IN_USE, "it is attached for writing; detach it first");
                            }
                        }
                        return target;
                    });
            return nbd.export(spec);
        }
        Optional<Export> there = nbd.exported(spec.id(), target);
        return calls.call(
                "export " + target,
                _ -> {
                    if (there.isPresent()) {
                        throw otherwise(spec, there.get().protocol());
                    }
                    return grants.make(spec.id(), target, writable);
                });
    }

    private String refusal(String protocol) {
        return lack.isPresent()
                ? "nothing is exported by %s here, only by %s: %s"
                        .formatted(protocol, Serving.RBD, lack.get())
                : "there is no protocol '%s' here; there is %s"
                        .formatted(protocol, String.join(", ", protocols()));
    }

    private static OsException otherwise(ExportSpec spec, String protocol) {
        return new OsException(
                CONFLICT,
                "it is exported for connection %s already, by %s".formatted(spec.id(), protocol));
    }

    @Override
    public void unexport(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        nbd.unexport(id, target);
        calls.call(
                "take back the export of " + target,
                _ -> {
                    grants.remove(id, target);
                    return target;
                });
    }

    @Override
    public Optional<Export> exported(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        Optional<Export> served = nbd.exported(id, target);
        return served.isPresent()
                ? served
                : calls.call(
                        "look for the export of " + target,
                        _ ->
                                grants.of(id, target).isPresent()
                                        ? Optional.of(grants.shown(target))
                                        : Optional.empty());
    }
}
