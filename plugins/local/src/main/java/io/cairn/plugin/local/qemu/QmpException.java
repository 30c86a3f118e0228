package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;

import java.io.Serial;

/** A command that QEMU refused. It changed nothing. */
public final class QmpException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final String errorClass;
    private final String description;

    QmpException(String command, String errorClass, String description) {
        super("%s: %s".formatted(command, description));
        this.errorClass = errorClass;
        this.description = description;
    }

    /** QEMU's class of errors; nearly always {@code GenericError}. */
    public String errorClass() {
        return errorClass;
    }

    /** What QEMU says of it. */
    public String description() {
        return description;
    }

    /** The same as the driver's calls fail. */
    public OsException told() {
        OsException told =
                new OsException(kind(description), "qemu-storage-daemon: " + getMessage());
        told.initCause(this);
        return told;
    }

    /** Tells by QEMU's words what the caller may do, since its classes do not. */
    public static DriverException.Kind kind(String said) {
        boolean inUse =
                said.contains("Failed to get") // the lock of a file
                        || said.contains("Permission conflict")
                        || said.contains("Need a root block node") // a job stands over it
                        || said.contains("is busy")
                        || said.contains("in use");
        if (inUse) {
            return IN_USE;
        }
        return said.contains("No space left") ? NO_SPACE : FAULT;
    }
}
