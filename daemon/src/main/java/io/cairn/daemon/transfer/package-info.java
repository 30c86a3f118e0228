/**
 * The state as JSON, out of one daemon and into another. Storage is never touched: what is imported
 * must lie on its backend already.
 *
 * <p>{@link io.cairn.daemon.transfer.Transfers} is the one door. The format, in its version 1, is
 * one object in ASCII. Every field is always there, and others are refused:
 *
 * <pre>
 * format       "cairn-state"
 * version      1
 * exportedAt   when, ISO-8601 in UTC
 * daemon       the UUID of the daemon that it is from, as the attribute DaemonId of its MBean
 * what         what was asked for: empty for everything, BACKEND, or BACKEND/VOLUME
 * secrets      whether the secrets of connections are in it
 * volumes      by backend, then the oldest first, each with
 *   id, backend, pool, name, description, zone, project, user
 *   labels, specs, qos     each an object of texts by key
 *   sizeBytes
 *   createdAt              ISO-8601 in UTC, to the nanosecond
 *   origin                 null, or what it was made from: volume, and snapshot, which may be null
 *   location               where its bytes are; an import takes what the backend says instead
 *   adoptedFrom            the path on its backend that it was adopted from; empty if it was made
 *   holds                  the tags on it: tag, by, since
 *   snapshots              the oldest first: id, name, description, labels, sizeBytes, createdAt,
 *                          location, holds
 *   connections            the oldest first: id, snapshot (null for the volume itself), host, local,
 *                          readOnly, protocol, connector, info, secrets (the keys of the info that
 *                          only the host may see; their values are left out unless asked for),
 *                          device, state (connected, attached or lost), createdAt
 * keyValues    with everything only: an object of texts by key
 * </pre>
 *
 * <p>Each volume is written as it is at one instant; the whole is of several. So close a backend,
 * or hand it over, before its volumes are exported to be moved. What was deleted, and what is not
 * finished, is not exported.
 */
@NullMarked
package io.cairn.daemon.transfer;

import org.jspecify.annotations.NullMarked;
