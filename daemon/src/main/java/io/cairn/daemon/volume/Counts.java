package io.cairn.daemon.volume;

/** How many objects one backend has, from memory. */
public record Counts(long volumes, long snapshots, long unfinished) {}
