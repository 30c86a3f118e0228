package io.cairn.daemon.metric;

/** The operations that are measured. */
public enum Operation {
    CREATE_VOLUME("create-volume"),
    CREATE_VOLUME_FROM_SNAPSHOT("create-volume-from-snapshot"),
    DELETE_VOLUME("delete-volume"),
    CREATE_SNAPSHOT("create-snapshot"),
    DELETE_SNAPSHOT("delete-snapshot");

    private final String text;

    Operation(String text) {
        this.text = text;
    }

    /** The operation as operators read it: lower-case words joined by dashes. */
    @Override
    public String toString() {
        return text;
    }
}
