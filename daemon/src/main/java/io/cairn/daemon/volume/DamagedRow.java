package io.cairn.daemon.volume;

/**
 * A row of the state that cannot be read, and that is left as it is.
 *
 * @param table where it is
 * @param id what tells it from others there, such as the UUID of a volume
 * @param backend the name of the backend that it is about; empty if that is not known
 * @param problem the column, and what is wrong with it; without secrets
 */
public record DamagedRow(String table, String id, String backend, String problem) {
    /** What it stands for. */
    String what() {
        return "%s %s%s"
                .formatted(
                        table.replace('_', ' '),
                        id,
                        backend.isEmpty() ? "" : " of backend " + backend);
    }

    /** As it stands in lists. */
    @Override
    public String toString() {
        return "%s: %s".formatted(what(), problem);
    }
}
