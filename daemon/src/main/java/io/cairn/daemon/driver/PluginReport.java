package io.cairn.daemon.driver;

/**
 * What became of one plugin folder.
 *
 * @param folder its name
 * @param loaded whether its drivers can be used
 * @param message one line: the drivers it brings, or why it brings none and what to do
 */
public record PluginReport(String folder, boolean loaded, String message) {}
