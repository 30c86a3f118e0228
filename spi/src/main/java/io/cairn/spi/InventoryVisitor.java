package io.cairn.spi;

/** Is told of what is on a backend, one by one, by the thread that asked. */
public interface InventoryVisitor {
    /** A whole volume of Cairn's. */
    void volume(BackendVolume volume);

    /** A whole snapshot of Cairn's. */
    void snapshot(BackendSnapshot snapshot);

    /**
     * Something of Cairn's that is damaged, so that what it is cannot be read.
     *
     * @param target what it would be, by its name
     * @param what where it is, for an operator who looks for it
     * @param why it cannot be read
     */
    void unreadable(Target target, String what, String why);
}
