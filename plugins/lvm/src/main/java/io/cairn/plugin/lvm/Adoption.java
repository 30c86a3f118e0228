package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Volumes of a place that are not Cairn's: adopted by tags, and then by their name. */
final class Adoption implements Adopting {
    private static final String RELEASED_BEGIN = "volume-";
    private static final String RELEASED = "[a-z0-9._-]{1,63}";

    private final Calling calling;
    private final Place place;
    private final Holdings lookup;

    Adoption(Calling calling, Holdings lookup) {
        this.calling = calling;
        this.place = lookup.place();
        this.lookup = lookup;
    }

    @Override
    public List<Unmanaged> unmanaged() throws DriverException, InterruptedException {
        return calling.call(
                "list what is not Cairn's in " + place.described(),
                os -> {
                    List<Unmanaged> found = new ArrayList<>();
                    for (LogicalVolume each : place.volumes("lv_name!~\"^cairn-\"")) {
                        found.add(new Unmanaged(each.name(), each.sizeBytes(), obstacle(os, each)));
                    }
                    found.sort(Comparator.comparing(Unmanaged::path));
                    return found;
                });
    }

    private String obstacle(Native os, LogicalVolume volume) throws OsException {
        return place.device(os, volume.name()).isPresent()
                ? active(volume.name())
                : place.obstacle(os, volume);
    }

    private String active(String name) {
        return "it is active; deactivate it with `lvchange -an %s`".formatted(place.full(name));
    }

    @Override
    public BackendVolume adopt(String path, VolumeId id, Mark mark)
            throws DriverException, InterruptedException {
        return calling.call(
                "adopt %s as volume %s".formatted(path, id),
                os -> {
                    String name = plain(path);
                    Optional<Source> from = Optional.of(new Source.OfFile(name));
                    Optional<LogicalVolume> existing = lookup.volume(os, id);
                    if (existing.isPresent()) {
                        BackendVolume same = same(existing.get(), id, from, mark);
                        place.flush(os);
                        return same;
                    }
                    LogicalVolume volume =
                            place.volumes("lv_name=" + name).stream()
                                    .findFirst()
                                    .orElseThrow(
                                            () ->
                                                    new OsException(
                                                            NOT_FOUND,
                                                            "there is no such volume in "
                                                                    + place.described()));
                    if (place.device(os, name).isPresent()) {
                        throw new OsException(IN_USE, active(name));
                    }
                    if (!place.obstacle(os, volume).isEmpty()) {
                        throw new OsException(UNSUPPORTED, place.obstacle(os, volume));
                    }
                    Label label = new Label(id.toString(), mark, Optional.empty(), from);
                    List<String> words = new ArrayList<>(List.of("-ky"));
                    words.addAll(Creation.labelled(label));
                    Tags.own(volume.tags()).stream()
                            .filter(tag -> !Tags.of(label).contains(tag))
                            .forEach(tag -> words.addAll(List.of("--deltag", tag)));
                    words.add(place.full(name));
                    place.lvm().change("lvchange", words);
                    place.rename(name, Names.volume(id));
                    place.flush(os);
                    return lookup.asFound(
                            Creation.there(lookup.volume(os, id), "it is gone already"), id);
                });
    }

    private BackendVolume same(LogicalVolume found, VolumeId id, Optional<Source> from, Mark mark)
            throws OsException {
        Label label = found.label();
        if (!label.source().equals(from) || !label.mark().equals(mark)) {
            throw new OsException(
                    CONFLICT,
                    "it exists, made from "
                            + label.source().map(Object::toString).orElse("nothing"));
        }
        return lookup.asFound(found, id);
    }

    @Override
    public String release(VolumeId id, String name) throws DriverException, InterruptedException {
        return calling.call(
                "release volume " + id,
                os -> {
                    if (!name.matches(RELEASED)) {
                        throw new OsException(
                                INVALID,
                                "'%s' is no name: lower-case letters, digits and . _ -, at most 63"
                                        .formatted(name));
                    }
                    if (lookup.unused(os, id).isPresent()) {
                        if (!place.volumes("lv_name=" + Names.made(id)).isEmpty()) {
                            // Of a call that was killed.
                            place.remove(Names.made(id));
                        }
                        place.rename(Names.volume(id), released(name, id));
                    }
                    String became = untagged(id, released(name, id));
                    place.flush(os);
                    return became;
                });
    }

    /** Takes all of Cairn's from what a volume became, and says what that is. */
    private String untagged(VolumeId id, String name)
            throws OsException, InterruptedException, IOException {
        List<LogicalVolume> candidates =
                place.volumes("lv_name=~\"^%s.*-%s$\"".formatted(RELEASED_BEGIN, id));
        LogicalVolume became =
                candidates.stream()
                        .filter(each -> each.name().equals(name))
                        .findFirst()
                        .or(() -> candidates.stream().findFirst())
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                NOT_FOUND,
                                                "there is no such volume, and nothing in %s that it became"
                                                        .formatted(place.described())));
        List<String> words = new ArrayList<>();
        Tags.own(became.tags()).forEach(tag -> words.addAll(List.of("--deltag", tag)));
        if (!words.isEmpty()) {
            words.add("-kn");
            if (!became.writable()) {
                words.add("-prw");
            }
            words.add(place.full(became.name()));
            place.lvm().change("lvchange", words);
        }
        return became.name();
    }

    private static String released(String name, VolumeId id) {
        // LVM lets no name begin with a dash, and keeps some beginnings for itself.
        return "%s%s-%s".formatted(RELEASED_BEGIN, name, id);
    }

    /** A name that may be adopted, by its path. */
    private String plain(String path) throws OsException {
        String prefix = place.path("");
        String name = path.startsWith(prefix) ? path.substring(prefix.length()) : path;
        if (!name.matches("[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,126}") || name.startsWith(Names.OWN)) {
            throw new OsException(
                    INVALID,
                    "only volumes in %s can be adopted, by their names"
                            .formatted(place.described()));
        }
        return name;
    }
}
