/**
 * Reads the configuration folder into records: {@link io.cairn.daemon.config.ConfigReader} finds
 * every problem of every file before it gives up.
 */
@NullMarked
package io.cairn.daemon.config;

import org.jspecify.annotations.NullMarked;
