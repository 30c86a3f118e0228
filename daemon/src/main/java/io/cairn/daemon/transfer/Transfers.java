package io.cairn.daemon.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.keyvalue.Adding;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.keyvalue.KeyValues.KeyValue;
import io.cairn.daemon.volume.Dossier;
import io.cairn.daemon.volume.Dossiers;
import io.cairn.daemon.volume.Finding;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.DriverException;
import io.cairn.spi.VolumeId;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Exports and imports of the state, as texts and as files of one folder. Safe for many threads;
 * imports, which are large, are made one at a time. What an export says is in the package.
 */
public final class Transfers {
    /** The most that is returned as a text, in bytes, which are its characters. */
    public static final int MOST_TEXT = 256 << 10;

    private static final int PAGE = 200;

    private final Volumes volumes;
    private final KeyValues keyValues;
    private final Backends backends;
    private final TransferFolder folder;
    private final ReentrantLock turn = new ReentrantLock();

    /**
     * @param folder of the files; made when the first is written
     */
    public Transfers(Volumes volumes, KeyValues keyValues, Backends backends, Path folder) {
        this.volumes = volumes;
        this.keyValues = keyValues;
        this.backends = backends;
        this.folder = new TransferFolder(folder);
    }

    /** The daemon's lasting identity. */
    public UUID daemon() {
        return backends.daemon();
    }

    /**
     * Exports as a text.
     *
     * @param what empty for everything, or {@code BACKEND}, or {@code BACKEND/VOLUME}
     * @param secrets whether with the secrets of connections
     * @throws OperationException NOT_FOUND; INVALID if it is longer than {@link #MOST_TEXT}; BUSY
     *     or UNAVAILABLE while a change of a volume is not finished
     */
    public String exported(String what, boolean secrets)
            throws OperationException, InterruptedException {
        BoundedText text = new BoundedText(MOST_TEXT);
        try {
            StateWriter _ = write(text, what, secrets);
            return text.toString();
        } catch (BoundedText.Full e) {
            throw new OperationException(
                    Code.INVALID,
                    "the export is longer than %d bytes: export less, or to a file by exportStateTo"
                            .formatted(MOST_TEXT),
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Exports to a file that is not there yet.
     *
     * @return where it is and what is in it
     * @throws OperationException as {@link #exported}; CONFLICT if there is such a file
     */
    public String exportTo(String what, String file, boolean secrets)
            throws OperationException, InterruptedException {
        List<StateWriter> written = new ArrayList<>();
        Path path = folder.write(file, out -> written.add(write(out, what, secrets)));
        StateWriter writer = written.getFirst();
        return "%s: %s%s"
                .formatted(
                        path,
                        writer.counts(),
                        writer.objects() > Dossiers.MOST
                                ? "; more than the %d objects of one import: export backends, or volumes, one by one to import them"
                                        .formatted(Dossiers.MOST)
                                : "");
    }

    /**
     * Imports a text.
     *
     * @param mode {@code dry-run} or {@code import}
     * @return what became, or would become, of each object
     * @throws OperationException INVALID with everything that is wrong with it; CONFLICT with
     *     everything that keeps it from being imported; nothing was changed then
     */
    public String importText(String text, String mode)
            throws OperationException, InterruptedException {
        Mode how = Mode.of(mode);
        try {
            return imported(
                    StateReader.read(new ByteArrayInputStream(text.getBytes(UTF_8)), "the text"),
                    how);
        } catch (IOException e) {
            throw new OperationException(
                    Code.INVALID, "the text cannot be read: %s".formatted(e), e);
        }
    }

    /** As {@link #importText}, from a file; NOT_FOUND if there is none. */
    public String importFrom(String file, String mode)
            throws OperationException, InterruptedException {
        Mode how = Mode.of(mode);
        return imported(folder.read(file, in -> StateReader.read(in, file)), how);
    }

    /**
     * Records what a backend has of Cairn's and the state has not, by what each object says of
     * itself. What was recorded of connections, holds and adoptions only the state knew.
     *
     * @param mode {@code dry-run} or {@code import}
     * @return what became, or would become, of each object; each volume comes in with all of its
     *     snapshots, or not at all
     * @throws OperationException NOT_FOUND; UNAVAILABLE if the backend cannot be looked at
     */
    public String rebuild(String backend, String mode)
            throws OperationException, InterruptedException {
        Mode how = Mode.of(mode);
        Backend found =
                backends.find(backend.strip())
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "there is no backend '%s'"
                                                        .formatted(Names.shortened(backend))));
        turn.lockInterruptibly();
        try {
            return new Rebuilding(volumes, found, how).run();
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "backend %s could not be looked at: %s; what is recorded already stays, and another try takes in the rest"
                            .formatted(found.name(), e.getMessage()));
        } finally {
            turn.unlock();
        }
    }

    private StateWriter write(OutputStream out, String what, boolean secrets)
            throws IOException, OperationException, InterruptedException {
        Scope scope = Scope.of(what, volumes);
        StateWriter writer =
                new StateWriter(
                        out, new Document.Header(Instant.now(), daemon(), scope.what(), secrets));
        for (VolumeId id : scope.volumes(volumes.dossiers())) {
            Optional<Dossier> dossier = volumes.dossiers().read(id);
            if (dossier.isPresent()) {
                writer.add(dossier.get());
            }
        }
        writer.endVolumes();
        if (scope.everything()) {
            String continuation = "";
            do {
                Page<KeyValue> page = keyValues.list("", PAGE, continuation);
                for (KeyValue value : page.items()) {
                    writer.add(value);
                }
                continuation = page.continuation();
            } while (!continuation.isEmpty());
        }
        writer.end();
        return writer;
    }

    private String imported(Document document, Mode mode)
            throws OperationException, InterruptedException {
        turn.lockInterruptibly();
        try {
            Adding adding = keyValues.adding(document.keyValues());
            List<Finding> values = values(document);
            List<Finding> found;
            // A clash of values is found before volumes are recorded, and once more with them.
            if (mode == Mode.DRY_RUN || !Dossiers.clean(values)) {
                found = volumes.dossiers().look(document.dossiers());
            } else {
                found = volumes.dossiers().takeIn(document.dossiers(), adding);
                if (Dossiers.clean(found)) {
                    keyValues.added(adding);
                }
            }
            List<Finding> all = new ArrayList<>(found);
            all.addAll(values);
            return Report.of(all, mode);
        } finally {
            turn.unlock();
        }
    }

    private List<Finding> values(Document document) throws OperationException {
        Map<String, String> there = keyValues.there(document.keyValues().keySet());
        List<Finding> findings = new ArrayList<>();
        document.keyValues()
                .forEach(
                        (key, value) -> {
                            String what = "key-value " + key;
                            String before = there.get(key);
                            if (before == null) {
                                findings.add(Finding.created(what));
                            } else if (before.equals(value)) {
                                findings.add(Finding.same(what));
                            } else {
                                findings.add(
                                        Finding.conflict(
                                                what,
                                                "it has another value here: delete the one here, or leave it out of the import"));
                            }
                        });
        return findings;
    }
}
