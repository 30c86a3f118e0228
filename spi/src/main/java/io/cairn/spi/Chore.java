package io.cairn.spi;

/**
 * A piece of work of {@link Background}.
 *
 * @param what what is done, to what, in the operator's words
 * @param done how much of it is done, from 0 to {@code total}
 * @param total how much there is, in bytes or whatever the storage counts; 0 while it is not known
 * @param problem why it does not get on at the moment; empty if it does
 */
public record Chore(String what, long done, long total, String problem) {
    public Chore {
        if (done < 0 || total < 0 || done > total) {
            throw new IllegalArgumentException("%d of %d are done".formatted(done, total));
        }
    }
}
