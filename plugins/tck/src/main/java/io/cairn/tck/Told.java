package io.cairn.tck;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Target;

import java.util.ArrayList;
import java.util.List;

/** Keeps what a driver tells of what is on its backend. */
public final class Told implements InventoryVisitor {
    private final List<Target> whole = new ArrayList<>();
    private final List<Target> unreadable = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    @Override
    public void volume(BackendVolume volume) {
        whole.add(Target.of(volume.id()));
    }

    @Override
    public void snapshot(BackendSnapshot snapshot) {
        whole.add(Target.of(snapshot.volume(), snapshot.id()));
    }

    @Override
    public void unreadable(Target target, String what, String why) {
        unreadable.add(target);
        problems.add(what + ": " + why);
    }

    /** The volumes and snapshots that are there. */
    public List<Target> whole() {
        return List.copyOf(whole);
    }

    /** What could not be read. */
    public List<Target> unreadable() {
        return List.copyOf(unreadable);
    }

    /** Where that is and why it could not be read, in the same order. */
    public List<String> problems() {
        return List.copyOf(problems);
    }
}
