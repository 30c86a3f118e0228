package io.cairn.daemon.access;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Passwords that were found right a moment ago. Exporters log in anew at every poll, and each full
 * check costs some tenths of a second of a processor. Kept is a code under a key that lives only as
 * long as the process, not the password; and only for the very hash that it was checked against.
 */
final class VerifiedPasswords {
    private static final String ALGORITHM = "HmacSHA256";

    private final long keptNanos;
    private final LongSupplier nanos;
    private final SecretKeySpec key;
    private final Map<String, Verified> verified = new HashMap<>();

    private static final class Verified {
        private final String hash;
        private final byte[] code;
        private final long at;

        Verified(String hash, byte[] code, long at) {
            this.hash = hash;
            this.code = code;
            this.at = at;
        }
    }

    VerifiedPasswords(Duration kept, LongSupplier nanos) {
        this.keptNanos = kept.toNanos();
        this.nanos = nanos;
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        this.key = new SecretKeySpec(random, ALGORITHM);
    }

    synchronized boolean contains(UsersFile.Entry entry, char[] password) {
        Verified known = verified.get(entry.name());
        return known != null
                && nanos.getAsLong() - known.at < keptNanos
                && known.hash.equals(entry.hash().toString())
                && MessageDigest.isEqual(known.code, code(password));
    }

    synchronized void add(UsersFile.Entry entry, char[] password) {
        verified.put(
                entry.name(),
                new Verified(entry.hash().toString(), code(password), nanos.getAsLong()));
    }

    private byte[] code(char[] password) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac.doFinal(new String(password).getBytes(UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no " + ALGORITHM, e);
        }
    }
}
