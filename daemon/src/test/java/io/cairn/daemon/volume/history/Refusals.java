package io.cairn.daemon.volume.history;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.history.World.Origin;

import java.util.Optional;
import java.util.UUID;

/** What each request may be refused for in a world. */
final class Refusals {
    private Refusals() {}

    static boolean allowed(World world, Request request, Code code) {
        return switch (code) {
            case NOT_FOUND -> missing(world, request);
            case CONFLICT -> taken(world, request);
            case IN_USE -> used(world, request);
            case INVALID ->
                    request instanceof Request.Extend extend
                            && world.volume(extend.volume())
                                    .filter(volume -> volume.size() > extend.size())
                                    .isPresent();
            // Nothing takes long here, nothing is full and nothing is broken.
            case NO_SPACE, UNSUPPORTED, BUSY, UNAVAILABLE, FAULT -> false;
        };
    }

    private static boolean missing(World world, Request request) {
        return switch (request) {
            case Request.CreateFrom from ->
                    Rules.cut(world, from.volume(), from.snapshot()).isEmpty();
            case Request.Clone clone -> absent(world, clone.volume());
            case Request.Cut cut -> absent(world, cut.volume());
            case Request.Rename rename -> absent(world, rename.volume());
            case Request.RenameSnapshot rename ->
                    Rules.cut(world, rename.volume(), rename.snapshot()).isEmpty();
            case Request.Extend extend -> absent(world, extend.volume());
            case Request.Revert revert ->
                    world.volume(revert.volume())
                            .map(volume -> !volume.cuts().containsKey(revert.snapshot()))
                            .orElse(true);
            case Request.Delete delete -> absent(world, delete.volume());
            case Request.DeleteSnapshot delete ->
                    Rules.cut(world, delete.volume(), delete.snapshot()).isEmpty();
            case Request.Connect connect -> absent(world, connect.volume());
            case Request.Disconnect disconnect ->
                    world.volume(disconnect.volume())
                            .map(volume -> !volume.links().containsValue(disconnect.connection()))
                            .orElse(true);
            case Request.Attach attach -> absent(world, attach.volume());
            case Request.Detach detach ->
                    world.volume(detach.volume())
                            .map(volume -> !volume.links().containsKey(World.HERE))
                            .orElse(true);
            case Request.Cleanup cleanup -> absent(world, cleanup.volume());
            case Request.Restore restore ->
                    restore.snapshot().isEmpty()
                            ? !world.trash().containsKey(restore.volume())
                            : !world.thrown().containsKey(restore.snapshot().get())
                                    || absent(world, restore.volume());
            case Request.Purge purge ->
                    purge.snapshot().isEmpty()
                            ? !world.trash().containsKey(purge.volume())
                            : !world.thrown().containsKey(purge.snapshot().get());
            case Request.Find _,
                    Request.FindSnapshot _,
                    Request.Create _,
                    Request.Write _,
                    Request.Read _ ->
                    false;
        };
    }

    private static boolean taken(World world, Request request) {
        return switch (request) {
            case Request.Create create ->
                    world.named(create.name())
                            .filter(
                                    volume ->
                                            volume.size() != create.size()
                                                    || volume.origin().isPresent())
                            .isPresent();
            case Request.CreateFrom from ->
                    otherwise(
                            world,
                            from.name(),
                            new Origin(from.volume(), Optional.of(from.snapshot())));
            case Request.Clone clone ->
                    otherwise(world, clone.name(), new Origin(clone.volume(), Optional.empty()));
            case Request.Rename rename -> !Rules.free(world, rename.name(), rename.volume());
            case Request.RenameSnapshot rename ->
                    world.volume(rename.volume())
                            .filter(volume -> !Rules.freeCut(volume, rename))
                            .isPresent();
            case Request.Restore restore ->
                    restore.snapshot().isEmpty()
                            ? world.named(restore.name()).isPresent()
                            : world.volume(restore.volume())
                                    .filter(volume -> volume.cuts().containsKey(restore.name()))
                                    .isPresent();
            default -> false;
        };
    }

    /** Whether something else has the name. */
    private static boolean otherwise(World world, String name, Origin origin) {
        return world.named(name)
                .filter(volume -> !volume.origin().equals(Optional.of(origin)))
                .isPresent();
    }

    private static boolean used(World world, Request request) {
        return switch (request) {
            case Request.Delete delete ->
                    world.volume(delete.volume())
                            .filter(volume -> !Rules.unused(volume))
                            .isPresent();
            case Request.Revert revert ->
                    world.volume(revert.volume())
                            .filter(volume -> !volume.links().isEmpty())
                            .isPresent();
            case Request.Connect connect ->
                    world.volume(connect.volume())
                            .filter(volume -> !Rules.alone(volume, connect.host()))
                            .isPresent();
            case Request.Attach attach ->
                    world.volume(attach.volume())
                            .filter(volume -> !Rules.alone(volume, World.HERE))
                            .isPresent();
            default -> false;
        };
    }

    private static boolean absent(World world, UUID volume) {
        return !world.live().containsKey(volume);
    }
}
