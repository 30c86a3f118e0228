package io.cairn.daemon.volume;

/**
 * What an intent is called in its row. The names are in databases: add to them, never change one.
 */
enum IntentKind {
    CREATE_VOLUME,
    DELETE_VOLUME,
    CREATE_SNAPSHOT,
    DELETE_SNAPSHOT;

    static IntentKind of(Intent intent) {
        return switch (intent) {
            case Intent.CreateVolume _ -> CREATE_VOLUME;
            case Intent.DeleteVolume _ -> DELETE_VOLUME;
            case Intent.CreateSnapshot _ -> CREATE_SNAPSHOT;
            case Intent.DeleteSnapshot _ -> DELETE_SNAPSHOT;
        };
    }
}
