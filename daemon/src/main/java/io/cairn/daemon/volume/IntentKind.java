package io.cairn.daemon.volume;

/**
 * What an intent is called in its row. The names are in databases: add to them, never change one.
 */
enum IntentKind {
    CREATE_VOLUME,
    CLONE_VOLUME,
    ADOPT_VOLUME,
    DELETE_VOLUME,
    TRASH_VOLUME,
    RELEASE_VOLUME,
    EXTEND_VOLUME,
    REVERT_VOLUME,
    ALTER_VOLUME,
    CREATE_SNAPSHOT,
    CREATE_GROUPED_SNAPSHOT,
    DELETE_SNAPSHOT,
    TRASH_SNAPSHOT,
    ALTER_SNAPSHOT,
    CONNECT,
    REEXPORT,
    ATTACH,
    DETACH,
    DISCONNECT;

    /** Whether it makes a volume, which has no place before. */
    boolean makes() {
        return this == CREATE_VOLUME || this == CLONE_VOLUME || this == ADOPT_VOLUME;
    }

    static IntentKind of(Intent intent) {
        return switch (intent) {
            case Intent.CreateVolume _ -> CREATE_VOLUME;
            case Intent.CloneVolume _ -> CLONE_VOLUME;
            case Intent.AdoptVolume _ -> ADOPT_VOLUME;
            case Intent.DeleteVolume delete -> delete.kept() ? TRASH_VOLUME : DELETE_VOLUME;
            case Intent.ReleaseVolume _ -> RELEASE_VOLUME;
            case Intent.ExtendVolume _ -> EXTEND_VOLUME;
            case Intent.RevertVolume _ -> REVERT_VOLUME;
            case Intent.AlterVolume _ -> ALTER_VOLUME;
            case Intent.CreateSnapshot create ->
                    create.grouped() ? CREATE_GROUPED_SNAPSHOT : CREATE_SNAPSHOT;
            case Intent.DeleteSnapshot delete -> delete.kept() ? TRASH_SNAPSHOT : DELETE_SNAPSHOT;
            case Intent.AlterSnapshot _ -> ALTER_SNAPSHOT;
            case Intent.ChangeConnection change ->
                    switch (change.step()) {
                        case CONNECT -> CONNECT;
                        case REEXPORT -> REEXPORT;
                        case ATTACH -> ATTACH;
                        case DETACH -> DETACH;
                        case DISCONNECT -> DISCONNECT;
                    };
            case Intent.Damaged damaged -> throw damaged.unusable();
        };
    }
}
