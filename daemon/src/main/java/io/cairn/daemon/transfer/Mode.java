package io.cairn.daemon.transfer;

import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

/** Whether an import is to be made or only tried. */
enum Mode {
    DRY_RUN("dry-run"),
    IMPORT("import");

    private final String word;

    Mode(String word) {
        this.word = word;
    }

    static Mode of(String text) throws OperationException {
        for (Mode mode : values()) {
            if (mode.word.equals(text.strip())) {
                return mode;
            }
        }
        throw new OperationException(
                Code.INVALID,
                "'%s' is no mode: write dry-run to see what would be changed, or import"
                        .formatted(Names.shortened(text)));
    }
}
