package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What takes another file's place is written under that one's name and an end, made durable, and
 * renamed. On NFS that is not done at once where somebody on this machine has the other one open,
 * as listings do: first that one gets a name that goes when it is closed. Of who is killed between
 * the two, neither has its name; so it is given to the new one then, before anything else is done.
 */
final class Replacing {
    private Replacing() {}

    /** Does so for the cards of all volumes. */
    static void finishCards(Native os, BackendFolder folder) throws OsException, IOException {
        for (String volume : Entries.names(Path.of(folder.volumes().path()))) {
            if (Entries.volumeId(volume).isPresent()) {
                try (Fd home = os.open(folder.volumes(), volume, Native.O_RDONLY)) {
                    finish(os, home, Lookup.NEXT);
                }
            }
        }
    }

    /** Gives names with an end the ones without it, if those are free. */
    static void finish(Native os, Fd folder, String end) throws OsException, IOException {
        List<String> names = Entries.names(Path.of(folder.path()));
        Set<String> taken = new HashSet<>(names);
        for (String name : names) {
            if (name.endsWith(end)) {
                String place = name.substring(0, name.length() - end.length());
                if (taken.add(place)) {
                    os.rename(folder, name, place);
                    os.sync(folder);
                }
            }
        }
    }
}
