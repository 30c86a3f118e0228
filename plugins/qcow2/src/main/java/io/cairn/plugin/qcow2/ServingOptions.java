package io.cairn.plugin.qcow2;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where exports by NBD listen.
 *
 * @param tcp whether on a port of the loopback interface; else on a unix socket
 * @param tlsFolder the certificates of the server, with which it encrypts and asks clients for
 *     theirs, named as QEMU's {@code tls-creds-x509} wants; empty to serve in the clear
 */
record ServingOptions(boolean tcp, Optional<Path> tlsFolder) {}
