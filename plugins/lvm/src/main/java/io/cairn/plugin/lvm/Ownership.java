package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.DriverException.Kind;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whose a place is, as tags of the pool or of the group say. */
record Ownership(Place place) {
    /** Makes it a backend's own if it is nobody's. */
    void claim(BackendIdentity self) throws OsException, InterruptedException, IOException {
        List<String> tags = place.ownTags();
        Optional<String> daemon = Tags.value(tags, Tags.DAEMON);
        Optional<String> backend = Tags.value(tags, Tags.BACKEND);
        if (daemon.isPresent() && backend.isPresent()) {
            if (daemon.get().equals(self.daemon().toString())
                    && backend.get().equals(self.backend())) {
                return;
            }
            throw new OsException(
                    CONFLICT,
                    "it belongs to another backend (%s of daemon %s); this one is %s of daemon %s. Name another one, or have the daemon that it belongs to hand it over to this one"
                            .formatted(backend.get(), daemon.get(), self.backend(), self.daemon()));
        }
        if (self.used()) {
            throw unclaimed(
                    UNAVAILABLE,
                    "the backend has had volumes, but %s is nobody's".formatted(place.described()),
                    self);
        }
        if (!place.volumes("lv_name=~\"^cairn-\"").isEmpty()) {
            throw unclaimed(CONFLICT, "it holds volumes and does not say whose", self);
        }
        handOver(self);
    }

    private OsException unclaimed(Kind kind, String what, BackendIdentity self) {
        List<String> words = new ArrayList<>();
        identity(self).forEach(tag -> words.add("--addtag " + tag));
        return new OsException(
                kind,
                "%s; if it is this backend's, say so with `%s %s %s`"
                        .formatted(what, place.changeCommand(), String.join(" ", words), place));
    }

    private static List<String> identity(BackendIdentity self) {
        return List.of(
                Tags.of(Tags.DAEMON, self.daemon().toString()),
                Tags.of(Tags.BACKEND, self.backend()));
    }

    /** Makes it another backend's, at once. */
    void handOver(BackendIdentity to) throws OsException, InterruptedException, IOException {
        List<String> words = Labels.words(Tags.own(place.ownTags()), identity(to));
        if (!words.isEmpty()) {
            words.add(place.toString());
            place.lvm().change(place.changeCommand(), words);
        }
    }
}
