package io.cairn.daemon.volume.history;

import io.cairn.daemon.volume.history.World.Cut;
import io.cairn.daemon.volume.history.World.Origin;
import io.cairn.daemon.volume.history.World.Thrown;
import io.cairn.daemon.volume.history.World.Volume;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What each request may be answered in a world, and the world after it: what README.md and the
 * Javadoc of the operations say, of one call after another.
 */
final class Rules {
    /** The connection of this host, whose id nobody is told. */
    static final UUID LOCAL = new UUID(0, 0);

    static final String EMPTY = "";

    private Rules() {}

    /**
     * The world after a request that is answered so; nothing if that is no answer to it.
     *
     * @param held whether what was made holds what its source held at some instant of the call
     */
    static Optional<World> after(World world, Request request, Answer answer, boolean held) {
        return switch (answer) {
            case Answer.Refused refused ->
                    Refusals.allowed(world, request, refused.code())
                            ? Optional.of(world)
                            : Optional.empty();
            case Answer.Found found -> same(world, found.equals(find(world, request)));
            case Answer.FoundSnapshot found -> same(world, found.equals(find(world, request)));
            case Answer.Held read ->
                    same(
                            world,
                            world.volume(((Request.Read) request).volume())
                                    .or(() -> inTrash(world, request))
                                    .map(volume -> volume.word().equals(read.word()))
                                    .orElse(true));
            case Answer.Made made -> made(world, request, made, held);
            case Answer.Connected connected ->
                    connected(world, (Request.Connect) request, connected.connection());
            case Answer.Ended ended ->
                    world.volume(((Request.Cleanup) request).volume())
                            .filter(volume -> volume.links().size() == ended.connections())
                            .map(volume -> world.with(volume.linked(Map.of())));
            case Answer.Done _ -> done(world, request);
        };
    }

    /**
     * Whether an answer that a world allows and is not changed by can be taken there and then,
     * since it can change no later one.
     */
    static boolean settled(World world, Request request, Answer answer) {
        return switch (answer) {
            case Answer.Refused _, Answer.Found _, Answer.FoundSnapshot _, Answer.Held _ -> true;
            case Answer.Made made -> world.knows(made.id());
            case Answer.Connected _ -> false;
            // There were no connections, so that it changed nothing whenever it was.
            case Answer.Ended ended -> ended.connections() == 0;
            case Answer.Done _ -> request instanceof Request.Delete && !world.keeping();
        };
    }

    private static Optional<World> same(World world, boolean allowed) {
        return allowed ? Optional.of(world) : Optional.empty();
    }

    private static Optional<Volume> inTrash(World world, Request request) {
        return Optional.ofNullable(world.trash().get(((Request.Read) request).volume()));
    }

    private static Answer find(World world, Request request) {
        return switch (request) {
            case Request.Find find ->
                    new Answer.Found(
                            world.named(find.name())
                                    .map(
                                            volume ->
                                                    new Answer.Sight(
                                                            volume.id(),
                                                            volume.size(),
                                                            volume.cuts().size(),
                                                            volume.links().size())));
            case Request.FindSnapshot find ->
                    new Answer.FoundSnapshot(
                            world.volume(find.volume())
                                    .flatMap(
                                            volume ->
                                                    Optional.ofNullable(
                                                            volume.cuts().get(find.name())))
                                    .map(Cut::id));
            default -> throw new IllegalArgumentException("%s finds nothing".formatted(request));
        };
    }

    private static Optional<World> made(
            World world, Request request, Answer.Made made, boolean held) {
        return switch (request) {
            case Request.Create create ->
                    create.size() != made.size()
                            ? Optional.empty()
                            : created(world, create.name(), made, Optional.empty(), EMPTY);
            case Request.CreateFrom from -> {
                Origin origin = new Origin(from.volume(), Optional.of(from.snapshot()));
                Optional<Cut> cut = cut(world, from.volume(), from.snapshot());
                yield cut.isPresent() && cut.get().size() == made.size()
                        ? created(world, from.name(), made, Optional.of(origin), cut.get().word())
                        : there(world, from.name(), made, Optional.of(origin));
            }
            case Request.Clone clone -> {
                Origin origin = new Origin(clone.volume(), Optional.empty());
                boolean fits =
                        held
                                && world.volume(clone.volume())
                                        .filter(volume -> volume.size() == made.size())
                                        .isPresent();
                yield fits
                        ? created(
                                world,
                                clone.name(),
                                made,
                                Optional.of(origin),
                                made.word().orElse(EMPTY))
                        : there(world, clone.name(), made, Optional.of(origin));
            }
            case Request.Cut cut -> cutOf(world, cut, made, held);
            default -> throw new IllegalArgumentException("%s makes nothing".formatted(request));
        };
    }

    private static Optional<World> created(
            World world, String name, Answer.Made made, Optional<Origin> origin, String word) {
        if (world.named(name).isPresent() || world.knows(made.id())) {
            return there(world, name, made, origin);
        }
        return made.word().orElse(word).equals(word)
                ? Optional.of(
                        world.with(
                                new Volume(
                                        made.id(),
                                        name,
                                        made.size(),
                                        word,
                                        origin,
                                        Map.of(),
                                        Map.of())))
                : Optional.empty();
    }

    /** A repeated request is answered by what is there, as it was made. */
    private static Optional<World> there(
            World world, String name, Answer.Made made, Optional<Origin> origin) {
        return same(
                world,
                world.named(name)
                        .filter(volume -> volume.id().equals(made.id()))
                        .filter(volume -> volume.size() == made.size())
                        .filter(volume -> volume.origin().equals(origin))
                        .isPresent());
    }

    private static Optional<World> cutOf(
            World world, Request.Cut request, Answer.Made made, boolean held) {
        Optional<Volume> volume = world.volume(request.volume());
        if (volume.isEmpty()) {
            return Optional.empty();
        }
        Cut there = volume.get().cuts().get(request.name());
        if (there != null) {
            return same(
                    world,
                    there.id().equals(made.id())
                            && there.word().equals(made.word().orElse(there.word())));
        }
        if (!held || world.knows(made.id()) || made.size() != volume.get().size()) {
            return Optional.empty();
        }
        Map<String, Cut> cuts = new HashMap<>(volume.get().cuts());
        cuts.put(
                request.name(),
                new Cut(made.id(), made.size(), made.word().orElse(volume.get().word())));
        return Optional.of(world.with(volume.get().cut(cuts)));
    }

    private static Optional<World> connected(World world, Request.Connect request, UUID id) {
        return world.volume(request.volume())
                .flatMap(
                        volume -> {
                            UUID own = volume.links().get(request.host());
                            if (own != null) {
                                return same(world, own.equals(id));
                            }
                            return volume.links().isEmpty()
                                    ? Optional.of(
                                            world.with(volume.linked(Map.of(request.host(), id))))
                                    : Optional.empty();
                        });
    }

    private static Optional<World> done(World world, Request request) {
        return switch (request) {
            case Request.Rename rename ->
                    world.volume(rename.volume())
                            .filter(volume -> free(world, rename.name(), volume.id()))
                            .map(volume -> world.with(volume.named(rename.name())));
            case Request.RenameSnapshot rename -> renamed(world, rename);
            case Request.Extend extend ->
                    world.volume(extend.volume())
                            .filter(volume -> volume.size() <= extend.size())
                            .map(volume -> world.with(volume.ofSize(extend.size())));
            case Request.Revert revert ->
                    world.volume(revert.volume())
                            .filter(volume -> volume.links().isEmpty())
                            .filter(volume -> volume.cuts().containsKey(revert.snapshot()))
                            .map(volume -> world.with(reverted(volume, revert.snapshot())));
            case Request.Delete delete -> {
                Optional<Volume> doomed = world.volume(delete.volume());
                yield doomed.isEmpty()
                        ? same(world, world.knows(delete.volume()))
                        : doomed.filter(Rules::unused).map(world::without);
            }
            case Request.DeleteSnapshot delete -> {
                Optional<Volume> of = world.volume(delete.volume());
                yield of.flatMap(volume -> volume.cut(delete.snapshot()))
                        .map(entry -> world.withoutCut(of.orElseThrow(), entry.getKey()))
                        .or(() -> same(world, world.knows(delete.snapshot())));
            }
            case Request.Disconnect disconnect ->
                    world.volume(disconnect.volume())
                            .filter(volume -> volume.links().containsValue(disconnect.connection()))
                            .map(volume -> world.with(volume.linked(Map.of())));
            case Request.Attach attach ->
                    world.volume(attach.volume())
                            .filter(volume -> alone(volume, World.HERE))
                            .map(volume -> world.with(volume.linked(Map.of(World.HERE, LOCAL))));
            case Request.Detach detach ->
                    world.volume(detach.volume())
                            .filter(volume -> volume.links().containsKey(World.HERE))
                            .map(volume -> world.with(volume.linked(Map.of())));
            case Request.Restore restore -> restored(world, restore);
            case Request.Purge purge -> purged(world, purge);
            case Request.Write write -> Optional.of(world.written(write.volume(), write.word()));
            default -> throw new IllegalArgumentException("%s is not just done".formatted(request));
        };
    }

    private static Volume reverted(Volume volume, String snapshot) {
        Cut cut = volume.cuts().get(snapshot);
        return cut == null ? volume : volume.holding(cut.word());
    }

    private static Optional<World> renamed(World world, Request.RenameSnapshot rename) {
        return world.volume(rename.volume())
                .flatMap(
                        volume ->
                                volume.cut(rename.snapshot())
                                        .filter(_ -> freeCut(volume, rename))
                                        .map(
                                                entry -> {
                                                    Map<String, Cut> cuts =
                                                            new HashMap<>(volume.cuts());
                                                    cuts.remove(entry.getKey());
                                                    cuts.put(rename.name(), entry.getValue());
                                                    return world.with(volume.cut(cuts));
                                                }));
    }

    private static Optional<World> restored(World world, Request.Restore restore) {
        if (restore.snapshot().isEmpty()) {
            return Optional.ofNullable(world.trash().get(restore.volume()))
                    .filter(_ -> world.named(restore.name()).isEmpty())
                    .map(volume -> world.restored(volume.named(restore.name())));
        }
        Thrown thrown = world.thrown().get(restore.snapshot().get());
        return thrown == null
                ? Optional.empty()
                : world.volume(restore.volume())
                        .filter(volume -> !volume.cuts().containsKey(restore.name()))
                        .map(volume -> world.restored(volume, restore.name(), thrown.cut()));
    }

    private static Optional<World> purged(World world, Request.Purge purge) {
        if (purge.snapshot().isEmpty()) {
            return world.trash().containsKey(purge.volume())
                    ? Optional.of(world.purged(purge.volume()))
                    : Optional.empty();
        }
        return world.thrown().containsKey(purge.snapshot().get())
                ? Optional.of(world.purgedSnapshot(purge.snapshot().get()))
                : Optional.empty();
    }

    static boolean unused(Volume volume) {
        return volume.cuts().isEmpty() && volume.links().isEmpty();
    }

    /** One host at a time has a volume. */
    static boolean alone(Volume volume, String host) {
        return volume.links().keySet().stream().allMatch(host::equals);
    }

    static boolean free(World world, String name, UUID but) {
        return world.named(name).map(volume -> volume.id().equals(but)).orElse(true);
    }

    static boolean freeCut(Volume volume, Request.RenameSnapshot rename) {
        Cut there = volume.cuts().get(rename.name());
        return there == null || there.id().equals(rename.snapshot());
    }

    static Optional<Cut> cut(World world, UUID volume, UUID snapshot) {
        return world.volume(volume).flatMap(of -> of.cut(snapshot)).map(Map.Entry::getValue);
    }
}
