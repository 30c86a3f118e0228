package io.cairn.spi;

/**
 * A block device on this host that shows a volume or a snapshot.
 *
 * @param device its path, such as {@code /dev/loop3}
 * @param readOnly whether the kernel refuses to write to it
 * @param sizeBytes how large the kernel says that it is
 */
public record Attachment(String device, boolean readOnly, long sizeBytes) {}
