/**
 * The contract between the Cairn daemon and a storage driver.
 *
 * <p>A driver author implements {@link io.cairn.spi.DriverProvider} and {@link
 * io.cairn.spi.Driver}, names the provider in {@code META-INF/services}, and extends the TCK's
 * {@code BaseDriverTest}. The package needs nothing but the JDK. Everything here is a value, an
 * exception, one of those two interfaces, or what only some drivers can do.
 */
package io.cairn.spi;
