/**
 * Who may reach the daemon's MBeans, and how: the connector on its one port, the users and their
 * roles, what clients may see and send, and the audit of what they did.
 *
 * <p>There are two layers. The connector's own {@code Guard} stands before everything that comes
 * over the network. {@link io.cairn.daemon.access.Callers} is what the MBeans themselves ask, since
 * an agent in the process and a local attach do not pass the connector.
 */
@NullMarked
package io.cairn.daemon.access;

import org.jspecify.annotations.NullMarked;
