package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import java.io.Serial;

/**
 * What was looked for is in a row that cannot be read. Lists go on without it; whoever asks for it
 * alone gets this, and an operation on it fails by {@link OperationException}.
 */
public final class DamagedRowException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    private final transient DamagedRow row;

    DamagedRowException(DamagedRow row) {
        super(
                "the row of %s is damaged (%s), and nothing can be done with it until the state is restored from a copy"
                        .formatted(row.what(), row.problem()));
        this.row = row;
    }

    DamagedRow row() {
        return row;
    }

    OperationException asOperation() {
        return new OperationException(Code.FAULT, getMessage() + "; nothing was changed", this);
    }
}
