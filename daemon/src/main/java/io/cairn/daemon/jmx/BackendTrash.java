package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.jmx.Rows.TrashPage;
import io.cairn.daemon.jmx.Rows.TrashRow;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Trashed;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.ByteSize;
import io.cairn.spi.Target;

import java.util.function.Supplier;

/** What was deleted on a backend and can be brought back. Safe for many threads. */
class BackendTrash extends BackendWork {
    private static final String WHICH =
            "Its UUID, or a volume's name, or VOLUME/SNAPSHOT by their names; listTrash says what there is";

    private final Volumes volumes;
    private final String backend;

    BackendTrash(Volumes volumes, String backend, Supplier<String> who) {
        super(volumes, backend, who);
        this.volumes = volumes;
        this.backend = backend;
    }

    @Shown(
            "How many volumes and snapshots were deleted and can be brought back, as their time in the trash is not over")
    long trashCount() {
        return volumes.trash().count(backend);
    }

    @Shown(
            "How long a volume or snapshot that is deleted stays in the trash, ISO-8601; PT0S if it goes at once (trash.keep in the backend's file)")
    String trashKeep() {
        return volumes.trash().keep(backend).toString();
    }

    @Shown("Why something that is to leave the trash for good does not; empty if all of it does")
    String trashProblem() {
        return volumes.trashProblem(backend);
    }

    @ReadOperation(
            "What was deleted and can be brought back, the last deleted first, a page at a time")
    TrashPage listTrash(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        Page<Trashed> page = page(limit, continuation);
        return new TrashPage(
                page.items().stream()
                        .map(
                                each ->
                                        new TrashRow(
                                                each.kind().toString(),
                                                each.id().toString(),
                                                each.volumeName(),
                                                each.volume().toString(),
                                                each.name(),
                                                each.sizeBytes(),
                                                Texts.millis(each.createdAt()),
                                                Texts.millis(each.deletedAt()),
                                                each.going()))
                        .toList(),
                page.continuation());
    }

    @ReadOperation("The same as a table in plain text")
    String listTrashText(
            @Description(Requests.LIMIT) int limit,
            @Description("Empty for the first page, then the continuation of the page before")
                    String continuation)
            throws OperationException {
        Page<Trashed> page = page(limit, continuation);
        TextTable table = new TextTable("KIND", "NAME", "VOLUME", "SIZE", "DELETED", "GOING", "ID");
        for (Trashed each : page.items()) {
            table.add(
                    each.kind(),
                    each.name(),
                    each.volumeName(),
                    ByteSize.format(each.sizeBytes()),
                    Texts.seconds(each.deletedAt()),
                    each.going() ? "yes" : "",
                    each.id());
        }
        return table.with(Texts.ending(page, "object"));
    }

    @WriteOperation(
            value =
                    "Brings back a volume or a snapshot that was deleted, as it was; returns its ObjectName",
            role = Role.OPERATOR)
    String restore(
            @Description(WHICH) String which,
            @Description("Its new name; empty for the one that it had") String name)
            throws OperationException, InterruptedException {
        Target target = volumes.restoring().restore(backend, which.strip(), name.strip());
        return target.snapshot().isPresent()
                ? findSnapshot(target.snapshot().get().toString())
                : findVolume(target.volume().toString());
    }

    @WriteOperation(
            value =
                    "Deletes for good what is in the trash, a volume with those of its snapshots that are there too; it cannot be brought back any more",
            role = Role.ADMIN)
    String purge(
            @Description(WHICH) String which,
            @Description("The same once more, so that nothing is deleted by a slip") String confirm)
            throws OperationException, InterruptedException {
        requireSame(which, confirm);
        return "deleted %s for good"
                .formatted(volumes.purging().purge(backend, which.strip()).what());
    }

    @WriteOperation(
            value =
                    "As purge, also of what is so damaged that it cannot be looked up, and of a volume with such snapshots in the trash; whether somebody else brought it back is not known then",
            role = Role.ADMIN)
    String purgeUnread(
            @Description(WHICH) String which,
            @Description("The same once more, so that nothing is deleted by a slip") String confirm)
            throws OperationException, InterruptedException {
        requireSame(which, confirm);
        return "deleted %s for good"
                .formatted(volumes.purging().purgeUnread(backend, which.strip()).what());
    }

    @WriteOperation(
            value =
                    "Begins to delete for good all that is in the backend's trash; none of it can be brought back any more",
            role = Role.ADMIN)
    String emptyTrash(
            @Description("The backend's name, so that nothing is deleted by a slip") String confirm)
            throws OperationException, InterruptedException {
        if (!confirm.strip().equals(backend)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not the name of the backend, and nothing was deleted: type %s to empty its trash"
                            .formatted(Names.shortened(confirm), backend));
        }
        return "%d volumes and snapshots go for good; TrashCount says how many are left"
                .formatted(volumes.emptyTrash(backend));
    }

    private Page<Trashed> page(int limit, String continuation) throws OperationException {
        return volumes.trash().list(backend, Requests.limit(limit), continuation.strip());
    }
}
