package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

/** What becomes of what was deleted, before the group has its place again. */
enum Wipe {
    /** It is overwritten. */
    ZERO {
        @Override
        void run(Native os, Fd device, long bytes) throws OsException, InterruptedException {
            Blocks.zero(os, device, 0, bytes);
        }
    },
    /** The device is told that nobody needs it. */
    DISCARD {
        @Override
        void run(Native os, Fd device, long bytes) throws OsException, InterruptedException {
            if (!Blocks.discard(os, device, bytes)) {
                throw new OsException(
                        UNSUPPORTED,
                        "the devices of the group discard nothing; set wipe=zero or wipe=none");
            }
        }
    },
    /** It stays until something else is made there, and is overwritten then. */
    NONE {
        @Override
        void run(Native os, Fd device, long bytes) {
            // Nothing.
        }
    };

    abstract void run(Native os, Fd device, long bytes) throws OsException, InterruptedException;
}
