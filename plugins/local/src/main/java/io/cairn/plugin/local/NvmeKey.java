package io.cairn.plugin.local;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.zip.CRC32;

/**
 * The keys of NVMe hosts, as TP 8006 of NVM Express writes them, and so nvme-cli and the kernel:
 * {@code DHHC-1:00:} and the key with its CRC-32, little end first, in Base64.
 */
final class NvmeKey {
    /** It is used as it is, and not hashed first. */
    private static final String BEGIN = "DHHC-1:00:";

    private static final int BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private NvmeKey() {}

    static String random() {
        byte[] key = new byte[BYTES];
        RANDOM.nextBytes(key);
        return text(key);
    }

    static String text(byte[] key) {
        CRC32 crc = new CRC32();
        crc.update(key);
        byte[] whole =
                ByteBuffer.allocate(key.length + Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(key)
                        .putInt((int) crc.getValue())
                        .array();
        return BEGIN + Base64.getEncoder().encodeToString(whole) + ":";
    }
}
