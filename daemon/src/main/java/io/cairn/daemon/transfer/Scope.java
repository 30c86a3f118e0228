package io.cairn.daemon.transfer;

import io.cairn.daemon.volume.Dossiers;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is to be exported: everything, a backend's volumes, or one volume.
 *
 * @param what as it was asked for
 */
record Scope(String what, List<String> backends, Optional<VolumeId> volume) {
    Scope {
        backends = List.copyOf(backends);
    }

    /**
     * @throws OperationException NOT_FOUND
     */
    static Scope of(String asked, Volumes volumes) throws OperationException {
        String what = asked.strip();
        if (what.isEmpty()) {
            return new Scope(what, List.copyOf(volumes.dossiers().backends()), Optional.empty());
        }
        int slash = what.indexOf('/');
        String backend = slash < 0 ? what : what.substring(0, slash);
        if (!volumes.dossiers().backends().contains(backend)) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "there is no backend '%s'; there are: %s; leave it empty for everything, or write BACKEND or BACKEND/VOLUME"
                            .formatted(
                                    Names.shortened(backend),
                                    String.join(", ", volumes.dossiers().backends())));
        }
        if (slash < 0) {
            return new Scope(what, List.of(backend), Optional.empty());
        }
        String name = what.substring(slash + 1);
        Volume volume =
                volumes.volume(backend, name)
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "backend %s has no volume '%s'; give its name or its UUID"
                                                        .formatted(
                                                                backend, Names.shortened(name))));
        return new Scope(what, List.of(backend), Optional.of(volume.id()));
    }

    boolean everything() {
        return what.isEmpty();
    }

    List<VolumeId> volumes(Dossiers dossiers) throws OperationException {
        if (volume.isPresent()) {
            return List.of(volume.get());
        }
        List<VolumeId> all = new ArrayList<>();
        for (String backend : backends) {
            all.addAll(dossiers.volumes(backend));
        }
        return all;
    }
}
