package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.Lookup.ADOPTING;
import static io.cairn.plugin.qcow2.Lookup.COPY;
import static io.cairn.plugin.qcow2.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Candidates;
import io.cairn.plugin.local.Claim;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Servers;
import io.cairn.plugin.local.Source;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Target;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Images that lie directly in the backend's folder, and how they become volumes and images again.
 */
final class Adoption implements Adopting {
    private final Calls calls;
    private final BackendFolder folder;
    private final Lookup lookup;
    private final Layers layers;
    private final Creation creation;
    private final Running running;
    private final Ownership ownership;
    private final Adoptable form;
    private final Candidates candidates;

    /**
     * @param leases as {@link Adoptable}
     */
    Adoption(
            Calls calls,
            BackendFolder folder,
            Lookup lookup,
            Creation creation,
            Running running,
            boolean leases) {
        this.calls = calls;
        this.folder = folder;
        this.lookup = lookup;
        this.layers = lookup.layers();
        this.creation = creation;
        this.running = running;
        this.form = new Adoptable(folder.root(), leases);
        this.ownership = new Ownership(folder, lookup, form);
        this.candidates = new Candidates(folder, Adoption::isOwn, form);
    }

    private static boolean isOwn(String name) {
        return switch (name) {
            case Claim.MARKER,
                    BackendFolder.VOLUMES,
                    BackendFolder.SNAPSHOTS,
                    Servers.EXPORTS,
                    Layers.LAYERS ->
                    true;
            default -> false;
        };
    }

    @Override
    public List<Unmanaged> unmanaged() throws DriverException, InterruptedException {
        return calls.call("list the images in " + folder.path(), candidates::list);
    }

    @Override
    public BackendVolume adopt(String path, VolumeId id, Mark mark)
            throws DriverException, InterruptedException {
        return calls.call(
                "adopt '%s' as volume %s".formatted(path, id),
                os -> {
                    String name = candidates.plain(path);
                    ownership.finish(os, id);
                    Optional<Card> there = lookup.card(os, Target.of(id));
                    if (there.isPresent()) {
                        checkSame(there.get().label(), name, mark);
                        Entries.settle(os, folder.root());
                    } else {
                        take(os, name, id, mark);
                    }
                    return lookup.volume(os, id).orElseThrow();
                });
    }

    private static void checkSame(Label label, String name, Mark mark) throws OsException {
        Entries.checkMark(label.mark(), mark);
        if (!label.source().equals(Optional.of(new Source.OfFile(name)))) {
            throw new OsException(
                    CONFLICT,
                    "it exists, made from "
                            + label.source().map(Object::toString).orElse("nothing"));
        }
    }

    private void take(Native os, String name, VolumeId id, Mark mark)
            throws OsException, IOException {
        try (Fd file = candidates.open(os, name)) {
            checkFree(form.use(os, name, file));
            // Whoever wrote it may not have.
            os.sync(file);
            try {
                take(os, name, id, mark, file);
            } catch (OsException | IOException | RuntimeException e) {
                Creation.undo(e, () -> ownership.giveBack(os, id));
                throw e;
            }
            ownership.finish(os, id);
        }
    }

    private void take(Native os, String name, VolumeId id, Mark mark, Fd file)
            throws OsException, IOException {
        os.makeFolder(folder.volumes(), id.toString(), 0700);
        Label label =
                new Label(
                        id.toString(),
                        mark,
                        Optional.empty(),
                        Optional.of(new Source.OfFile(name)));
        Card card = new Card(LayerId.random(), label);
        try (Fd home = os.open(folder.volumes(), id.toString(), Native.O_RDONLY)) {
            // First, since a layer that no card names is removed.
            card.write(os, home, ADOPTING);
            os.sync(home);
            os.sync(folder.volumes());
            layers.take(os, folder.root(), name, card.layer(), file);
            // Who opened it since it was looked at.
            checkFree(form.use(os, file));
        }
    }

    private static void checkFree(String use) throws OsException {
        if (!use.isEmpty()) {
            throw new OsException(IN_USE, use);
        }
    }

    @Override
    public String release(VolumeId id, String name) throws DriverException, InterruptedException {
        return calls.call(
                "release volume " + id,
                os -> {
                    String wanted = candidates.released(name, id);
                    ownership.finish(os, id);
                    Optional<Card> card = lookup.card(os, Target.of(id));
                    if (card.isEmpty()) {
                        String released = candidates.released(id);
                        ownership.removeIfEmpty(os, id);
                        return released;
                    }
                    give(os, id, card.get(), wanted);
                    running.mergeSoon();
                    return wanted;
                });
    }

    private void give(Native os, VolumeId id, Card card, String wanted)
            throws OsException, InterruptedException, IOException {
        Target target = Target.of(id);
        try (Fd home = os.open(folder.volumes(), id.toString(), Native.O_RDONLY);
                Chores.Hold _ = running.hold(chain(os, card))) {
            lookup.checkAlone(home);
            running.checkUnused(os, target, card);
            ownership.checkFree(os, wanted);
            creation.removeBegun(os, home);
            layers.syncOne(os, card.layer());
            // Anew, since what was merged until they were held is gone.
            boolean alone = chain(os, card).size() == 1;
            if (!alone) {
                layers.copy(os, card.layer(), home, COPY);
                // It may have taken long.
                running.checkUnused(os, target, card);
            }
            os.rename(home, VOLUME, Ownership.begun(wanted, alone));
            try {
                os.sync(home);
            } catch (OsException e) {
                throw e.withUnknownOutcome();
            }
            ownership.finish(os, id);
        }
    }

    /** That one is missing does not mean that there is no such volume. */
    private List<LayerId> chain(Native os, Card card) throws OsException {
        try {
            return layers.chain(os, card.layer());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /**
     * As {@link Ownership#giveBack}, or {@link Ownership#finish} of one that was to be given up.
     */
    void settle(Native os, VolumeId id) throws OsException, IOException {
        ownership.giveBack(os, id);
        ownership.finish(os, id);
    }

    /** Ends what killed calls began. For before anything else is done. */
    void finishAll(Native os) throws IOException {
        for (VolumeId id : lookup.volumes()) {
            ownership.finishIfPossible(os, id);
        }
    }
}
