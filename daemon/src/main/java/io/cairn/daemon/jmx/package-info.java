/**
 * What an operator sees: the MBeans, their names, their notifications, and the MBean server that
 * answers volumes, snapshots and pools from the daemon's state without registering them.
 *
 * <p>{@link io.cairn.daemon.jmx.ManagementBeans} is the one door. A kind of MBean is a plain class
 * whose methods bear {@link io.cairn.daemon.jmx.Shown}, {@link io.cairn.daemon.jmx.ReadOperation}
 * or {@link io.cairn.daemon.jmx.WriteOperation}; {@link io.cairn.daemon.jmx.BeanType} makes the
 * MBeanInfo and the dispatch tables of it, once. Getters read memory or one indexed row, never a
 * driver. Nothing but the JDK's types and exceptions leaves.
 */
@NullMarked
package io.cairn.daemon.jmx;

import org.jspecify.annotations.NullMarked;
