package io.cairn.tck;

/**
 * The one class that a driver's test class extends. Its cases are package-private, so that no
 * driver can switch one off; its protected methods are what the driver's test class says of its
 * storage. Every case opens the driver by its provider, works on fresh storage, and verifies
 * content by reading it back whole.
 *
 * <p>A driver counts as working when these cases ran on the real storage that it drives. The kill
 * case starts other JVMs that make an instance of the test class by its constructor without
 * parameters and call only {@link #provider} and {@link #settings}; {@code -Dcairn.tck.kills=N}
 * sets how many die, {@code -Dcairn.tck.seed=N} repeats a run.
 */
public abstract class BaseDriverTest extends TurmoilCases {}
