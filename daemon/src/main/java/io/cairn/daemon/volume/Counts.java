package io.cairn.daemon.volume;

<<<<<<< HEAD
/**
 * How much a backend holds, by the state store.
 *
 * @param volumes whole ones, those being deleted included
 * @param unfinished changes begun and not known to be finished, running ones included
 */
=======
/** How many objects one backend has, from memory. */
>>>>>>> jmx
public record Counts(long volumes, long snapshots, long unfinished) {}
