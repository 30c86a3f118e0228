package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Whether what is there is what a repeated request asks for. A client that lost the answer to a
 * create sends it again and gets the same object; one that asks for another object under a name
 * that is taken is told in what it differs.
 */
final class Sameness {
    private Sameness() {}

    /** The volume that is there, if making the planned one would have made it. */
    static Volume of(Volume there, Volume planned, boolean idGiven) throws OperationException {
        Map<String, Object[]> compared = new LinkedHashMap<>();
        compared.put("size", new Object[] {there.sizeBytes(), planned.sizeBytes()});
        compared.put("pool", new Object[] {there.pool(), planned.pool()});
        compared.put("origin", new Object[] {there.origin(), planned.origin()});
        compared.put("description", new Object[] {there.description(), planned.description()});
        compared.put("labels", new Object[] {there.labels(), planned.labels()});
        compared.put("particulars", new Object[] {there.particulars(), planned.particulars()});
        if (idGiven) {
            compared.put("id", new Object[] {there.id(), planned.id()});
        }
        refuseDifferent(
                "volume %s on backend %s".formatted(there.name(), there.backend()), compared);
        return there;
    }

    static Snapshot of(Snapshot there, NewSnapshot request) throws OperationException {
        Map<String, Object[]> compared = new LinkedHashMap<>();
        compared.put("description", new Object[] {there.description(), request.description()});
        compared.put("labels", new Object[] {there.labels(), request.labels()});
        request.id().ifPresent(id -> compared.put("id", new Object[] {there.id(), id}));
        refuseDifferent(
                "snapshot %s of volume %s".formatted(there.name(), there.volumeName()), compared);
        return there;
    }

    private static void refuseDifferent(String what, Map<String, Object[]> compared)
            throws OperationException {
        String differing =
                String.join(
                        ", ",
                        compared.entrySet().stream()
                                .filter(e -> !Objects.equals(e.getValue()[0], e.getValue()[1]))
                                .map(Map.Entry::getKey)
                                .toList());
        if (!differing.isEmpty()) {
            throw new OperationException(
                    Code.CONFLICT,
                    "%s exists already with another %s: choose another name, or ask for the same"
                            .formatted(what, differing));
        }
    }
}
