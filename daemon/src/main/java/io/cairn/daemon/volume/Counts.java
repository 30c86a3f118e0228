package io.cairn.daemon.volume;

/**
 * How much a backend holds, by the state store.
 *
 * @param volumes whole ones, those being deleted included
 * @param unfinished changes begun and not known to be finished, running ones included
 */
public record Counts(long volumes, long snapshots, long unfinished) {}
