package io.cairn.daemon.volume.history;

import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import java.util.Optional;
import java.util.Set;

/** Devices of a slate, which nobody opens. */
final class SlateAttaching implements Attaching {
    private final Slate slate;
    private final Slate.Provider all;

    SlateAttaching(Slate slate, Slate.Provider all) {
        this.slate = slate;
        this.all = all;
    }

    @Override
    public Attachment attach(Target target, boolean readOnly)
            throws DriverException, InterruptedException {
        return slate.change(
                "attach",
                Set.of(target.volume()),
                () -> {
                    Attachment attachment = device(target);
                    boolean _ = all.attached.add(target);
                    return attachment;
                });
    }

    @Override
    public void detach(Target target) throws DriverException, InterruptedException {
        boolean _ =
                slate.change("detach", Set.of(target.volume()), () -> all.attached.remove(target));
    }

    @Override
    public Optional<Attachment> attached(Target target) throws DriverException {
        return all.attached.contains(target) ? Optional.of(device(target)) : Optional.empty();
    }

    private Attachment device(Target target) throws DriverException {
        return new Attachment(
                "/dev/slate/" + target.volume(), target.fixed(), slate.sizeBytes(target.volume()));
    }
}
