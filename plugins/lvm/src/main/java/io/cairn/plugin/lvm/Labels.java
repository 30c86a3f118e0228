package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Mark;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Changes of the tags that are there already. */
final class Labels {
    private Labels() {}

    /** Gives a volume another mark, at once. */
    static void replace(Native os, Place place, LogicalVolume volume, String id, Mark mark)
            throws OsException, InterruptedException, IOException {
        change(
                place,
                volume,
                Tags.labelTags(volume.tags()),
                Tags.of(volume.label().marked(id, mark)));
        place.flush(os);
    }

    /** Takes the tags from what was to be adopted as a volume, and was not yet. */
    static void disown(Place place, VolumeId id)
            throws OsException, InterruptedException, IOException {
        for (LogicalVolume each : place.volumes("lv_name!~\"^cairn-\"")) {
            if (each.label().id().equals(id.toString())) {
                change(place, each, Tags.own(each.tags()), List.of());
            }
        }
    }

    /** Puts some tags in the place of others, at once. */
    static void change(
            Place place, LogicalVolume volume, Collection<String> before, Collection<String> after)
            throws OsException, InterruptedException, IOException {
        List<String> words = words(before, after);
        if (!words.isEmpty()) {
            words.add(place.full(volume.name()));
            place.lvm().change("lvchange", words);
        }
    }

    /** Such a change in words for a command. */
    static List<String> words(Collection<String> before, Collection<String> after) {
        List<String> words = new ArrayList<>();
        before.stream()
                .filter(tag -> !after.contains(tag))
                .forEach(tag -> words.addAll(List.of("--deltag", tag)));
        after.stream()
                .filter(tag -> !before.contains(tag))
                .forEach(tag -> words.addAll(List.of("--addtag", tag)));
        return words;
    }
}
