package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Set;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** Reads the daemon's key and the certificates that it trusts. */
final class TlsKeys {
    private TlsKeys() {}

    /**
     * @throws IOException if a file cannot be read, the password is wrong, or others can read it
     */
    static Listener.Tls read(ConnectorConfig.Tls config) throws IOException {
        char[] password = password(config.passwordFile());
        try {
            KeyManagerFactory keys =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store(config.keyStore(), password), password);
            TrustManager @Nullable [] trusted = null;
            if (config.trustStore().isPresent()) {
                TrustManagerFactory trust =
                        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                trust.init(store(config.trustStore().get(), password));
                trusted = trust.getTrustManagers();
            }
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trusted, null);
            return new Listener.Tls(context, trusted != null);
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    "the keys in %s cannot be used: %s"
                            .formatted(config.keyStore(), e.getMessage()),
                    e);
        } finally {
            Arrays.fill(password, '\0');
        }
    }

    private static KeyStore store(Path file, char[] password)
            throws IOException, GeneralSecurityException {
        try {
            return KeyStore.getInstance(file.toFile(), password);
        } catch (IOException e) {
            throw new IOException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
        }
    }

    private static char[] password(Path file) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        if (!UsersFile.PRIVATE.containsAll(permissions)) {
            throw new IOException(
                    "%s is open to others (%s): chmod 600 it"
                            .formatted(file, PosixFilePermissions.toString(permissions)));
        }
        try (var lines = Files.lines(file)) {
            return lines.findFirst().orElse("").toCharArray();
        }
    }
}
