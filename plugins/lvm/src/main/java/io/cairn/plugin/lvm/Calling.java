package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;

import java.io.IOException;

/** Runs the driver's calls one after another: LVM would not do otherwise within a group. */
record Calling(Calls calls, Lvm lvm) {
    <T> T call(String what, Calls.Work<T> work) throws DriverException, InterruptedException {
        return calls.call(what, os -> turn(() -> work.run(os)));
    }

    /** What a call does of LVM's, while no other call does any. */
    <T> T turn(Lvm.Work<T> work) throws OsException, InterruptedException, IOException {
        return lvm.turn(
                () -> {
                    lvm.ready();
                    return work.run();
                });
    }
}
