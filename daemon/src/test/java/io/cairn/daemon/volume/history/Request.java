package io.cairn.daemon.volume.history;

import java.util.Optional;
import java.util.UUID;

/** What a client may ask for. What it is about is named by its UUID, as the client knows it. */
public sealed interface Request {
    /** The volume that has a name. */
    record Find(String name) implements Request {}

    /** The snapshot of a volume that has a name. */
    record FindSnapshot(UUID volume, String name) implements Request {}

    record Create(String name, long size) implements Request {}

    record CreateFrom(UUID volume, UUID snapshot, String name) implements Request {}

    /** Without a size, so that it is the source's at that instant. */
    record Clone(UUID volume, String name) implements Request {}

    record Cut(UUID volume, String name) implements Request {}

    record Rename(UUID volume, String name) implements Request {}

    record RenameSnapshot(UUID volume, UUID snapshot, String name) implements Request {}

    record Extend(UUID volume, long size) implements Request {}

    record Revert(UUID volume, String snapshot) implements Request {}

    record Delete(UUID volume) implements Request {}

    record DeleteSnapshot(UUID volume, UUID snapshot) implements Request {}

    /** Of another host, which has it by an export. */
    record Connect(UUID volume, String host) implements Request {}

    record Disconnect(UUID volume, UUID connection) implements Request {}

    /** Connects this host and attaches. */
    record Attach(UUID volume) implements Request {}

    record Detach(UUID volume) implements Request {}

    record Cleanup(UUID volume) implements Request {}

    /** Of a volume, or of a snapshot of it, from the trash. */
    record Restore(UUID volume, Optional<UUID> snapshot, String name) implements Request {}

    record Purge(UUID volume, Optional<UUID> snapshot) implements Request {}

    /** Past the daemon, on the storage, as a host that has the volume would. */
    record Write(UUID volume, String word) implements Request {}

    /** As {@link Write}. */
    record Read(UUID volume) implements Request {}
}
