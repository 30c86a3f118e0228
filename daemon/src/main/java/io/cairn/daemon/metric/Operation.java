package io.cairn.daemon.metric;

/** The operations that are measured. */
public enum Operation {
    CREATE_VOLUME("create-volume"),
    CREATE_VOLUME_FROM_SNAPSHOT("create-volume-from-snapshot"),
    CLONE_VOLUME("clone-volume"),
    ADOPT_VOLUME("adopt-volume"),
    RELEASE_VOLUME("release-volume"),
    EXTEND_VOLUME("extend-volume"),
    REVERT_VOLUME("revert-volume"),
    ALTER_VOLUME("alter-volume"),
    ALTER_SNAPSHOT("alter-snapshot"),
    HOLD("hold"),
    CONNECT("connect"),
    ATTACH("attach"),
    DETACH("detach"),
    DISCONNECT("disconnect"),
    DELETE_VOLUME("delete-volume"),
    CREATE_SNAPSHOT("create-snapshot"),
    CREATE_GROUP_SNAPSHOT("create-group-snapshot"),
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
