package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.ConnectionId;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The protocols by which a backend offers its block devices. */
public final class Offerings {
    private final List<Offering> all;

    public Offerings(List<Offering> all) {
        this.all = List.copyOf(all);
    }

    /** Those that can be had now. */
    public Set<String> protocols() {
        Set<String> found = new LinkedHashSet<>();
        for (Offering each : all) {
            if (each.obstacle().isEmpty()) {
                found.add(each.protocol());
            }
        }
        return Collections.unmodifiableSet(found);
    }

    /**
     * The one that is asked for.
     *
     * @throws OsException UNSUPPORTED if it is not to be had
     */
    public Offering by(String protocol) throws OsException {
        for (Offering each : all) {
            if (each.protocol().equals(protocol)) {
                Optional<String> obstacle = each.obstacle();
                if (obstacle.isPresent()) {
                    throw new OsException(
                            UNSUPPORTED,
                            "nothing is exported by %s here: %s"
                                    .formatted(protocol, obstacle.get()));
                }
                return each;
            }
        }
        throw new OsException(
                UNSUPPORTED,
                "there is no protocol '%s' here; there is %s"
                        .formatted(protocol, String.join(", ", protocols())));
    }

    public boolean anyFor(Target target) throws OsException, IOException {
        for (Offering each : all) {
            if (each.anyFor(target)) {
                return true;
            }
        }
        return false;
    }

    /** Whether anything of the target is offered that keeps others from mounting it. */
    public boolean anyClaiming(Target target) throws OsException, IOException {
        for (Offering each : all) {
            if (each.claims() && each.anyFor(target)) {
                return true;
            }
        }
        return false;
    }

    /** Whether any host but that of one connection may write to the target. */
    public boolean anyWriting(Target target, ConnectionId except) throws OsException, IOException {
        for (Offering each : all) {
            if (each.anyWriting(target, except)) {
                return true;
            }
        }
        return false;
    }

    public Optional<Offer> serving(ConnectionId id, Target target) throws OsException, IOException {
        for (Offering each : all) {
            Optional<Offer> found = each.serving(id, target);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    /**
     * What is offered as asked already.
     *
     * @throws OsException CONFLICT if it is offered for the connection otherwise
     */
    public Optional<Offer> same(ExportSpec spec) throws OsException, IOException {
        Optional<Offer> found = serving(spec.id(), spec.target());
        if (found.isPresent()) {
            boolean readOnly = found.get().readOnly();
            String protocol = found.get().export().protocol();
            if (readOnly != spec.readOnly() || !protocol.equals(spec.protocol())) {
                throw new OsException(
                        CONFLICT,
                        "it is exported for connection %s already, by %s %s"
                                .formatted(
                                        spec.id(),
                                        protocol,
                                        readOnly ? "read-only" : "for writing too"));
            }
        }
        return found;
    }

    /** Takes back whatever is there for a connection. */
    public void stop(ConnectionId id, Target target)
            throws OsException, InterruptedException, IOException {
        for (Offering each : all) {
            each.stop(id, target);
        }
    }

    public void checkGrowable(Target target) throws OsException, IOException {
        for (Offering each : all) {
            each.checkGrowable(target);
        }
    }

    public void grown(Target target) throws OsException, IOException {
        for (Offering each : all) {
            each.grown(target);
        }
    }
}
