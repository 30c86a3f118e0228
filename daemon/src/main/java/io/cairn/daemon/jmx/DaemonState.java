package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.volume.OperationException;

/**
 * The daemon's state as a whole: out of it, into it, and to another daemon. Safe for many threads.
 */
class DaemonState extends DaemonBackups {
    private static final String WHAT =
            "Empty for everything, or BACKEND, or BACKEND/VOLUME for a volume with its snapshots";
    private static final String FILE =
            "The file's plain name, like fast.json, in the folder transfer.folder of the daemon";
    private static final String MODE =
            "dry-run to see what would be changed, or import to change it, all of it or nothing";

    private final Sources sources;

    DaemonState(Sources sources) {
        super(sources);
        this.sources = sources;
    }

    @Shown("The daemon's lasting UUID, which its backends bear and other daemons hand over to")
    String daemonId() {
        return sources.transfers().daemon().toString();
    }

    @ReadOperation(
            value =
                    "What the daemon knows of volumes, snapshots, connections without their secrets, and key-values, as JSON; 256 KiB at most, exportStateTo takes any",
            role = Role.OPERATOR)
    String exportState(@Description(WHAT) String what)
            throws OperationException, InterruptedException {
        return sources.transfers().exported(what, false);
    }

    @ReadOperation(
            value =
                    "As exportState, with the secrets of connections: keep it where nobody reads it",
            role = Role.ADMIN)
    String exportStateWithSecrets(@Description(WHAT) String what)
            throws OperationException, InterruptedException {
        return sources.transfers().exported(what, true);
    }

    @WriteOperation(
            value =
                    "As exportState, to a new file that only the daemon's user can read; returns its path and what is in it",
            role = Role.OPERATOR)
    String exportStateTo(@Description(WHAT) String what, @Description(FILE) String file)
            throws OperationException, InterruptedException {
        return sources.transfers().exportTo(what, file.strip(), false);
    }

    @WriteOperation(value = "As exportStateTo, with the secrets of connections", role = Role.ADMIN)
    String exportStateWithSecretsTo(@Description(WHAT) String what, @Description(FILE) String file)
            throws OperationException, InterruptedException {
        return sources.transfers().exportTo(what, file.strip(), true);
    }

    @WriteOperation(
            value =
                    "Records what an export has and this daemon has not, once it is found on its backend; overwrites nothing, and refuses with every reason if anything conflicts; returns what became of each object",
            role = Role.ADMIN)
    String importState(
            @Secret
                    @Description(
                            "The JSON that exportState returned; over the network 60 KiB at most, importStateFrom takes more")
                    String text,
            @Description(MODE) String mode)
            throws OperationException, InterruptedException {
        return sources.transfers().importText(text, mode);
    }

    @WriteOperation(
            value = "As importState, from a file that exportStateTo wrote",
            role = Role.ADMIN)
    String importStateFrom(@Description(FILE) String file, @Description(MODE) String mode)
            throws OperationException, InterruptedException {
        return sources.transfers().importFrom(file.strip(), mode);
    }

    @WriteOperation(
            value =
                    "Records the volumes and snapshots that a backend has with Cairn's marks and the state has not, as when the state was lost, by what each says of itself; overwrites nothing; returns what became of each, a volume with all of its snapshots or not at all",
            role = Role.ADMIN)
    String rebuildState(
            @Description("The backend's name") String backend, @Description(MODE) String mode)
            throws OperationException, InterruptedException {
        return sources.transfers().rebuild(backend, mode);
    }

    @WriteOperation(
            value =
                    "Gives a backend's storage to another daemon and closes the backend here; its volumes stay listed, to be exported, until forgetBackend",
            role = Role.ADMIN)
    String handOverBackend(
            @Description("The backend's name, which it has at the other daemon too") String name,
            @Description("The other daemon's UUID, which its attribute DaemonId shows")
                    String daemon,
            @Description("The backend's name once more, so that none is given away by a slip")
                    String confirm)
            throws OperationException, InterruptedException {
        return sources.operations().handOver(name, daemon, confirm);
    }

    @WriteOperation(
            value =
                    "Forgets the volumes and snapshots of a closed backend, such as one that was handed over; their storage stays as it is",
            role = Role.ADMIN)
    String forgetBackend(
            @Description("The backend's name") String name,
            @Description("The backend's name once more, so that none is forgotten by a slip")
                    String confirm)
            throws OperationException, InterruptedException {
        return sources.operations().forget(name, confirm);
    }
}
