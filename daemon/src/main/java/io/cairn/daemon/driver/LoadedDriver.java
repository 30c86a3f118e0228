package io.cairn.daemon.driver;

import io.cairn.spi.DriverInfo;

/**
 * A driver that backends can use.
 *
 * @param name the word that a backend's file has for it
 * @param plugin the folder of the plugin that brings it
 */
public record LoadedDriver(String name, DriverInfo info, String plugin) {}
