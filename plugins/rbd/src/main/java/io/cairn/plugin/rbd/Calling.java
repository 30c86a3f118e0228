package io.cairn.plugin.rbd;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;

import java.io.IOException;

/** Runs the driver's calls for as long as the backend is this daemon's. */
final class Calling {
    private final Calls calls;

    Calling(Ownership ownership) {
        this.calls = new Calls(() -> {}, ownership::check);
    }

    /** The same, for what needs the kernel too. */
    Calls calls() {
        return calls;
    }

    /** What a call does. */
    interface Work<T> {
        T run() throws OsException, InterruptedException, IOException;
    }

    <T> T call(String what, Work<T> work) throws DriverException, InterruptedException {
        return calls.call(what, _ -> work.run());
    }
}
