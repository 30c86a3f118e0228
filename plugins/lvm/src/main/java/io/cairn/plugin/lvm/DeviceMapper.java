package io.cairn.plugin.lvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the kernel knows of mapped devices, asked by its own interface ({@code linux/dm-ioctl.h},
 * version 4): without a lock of LVM's, and in microseconds.
 */
final class DeviceMapper {
    static final String CONTROL = "/dev/mapper/control";

    /** {@code _IOWR(0xfd, 2, struct dm_ioctl)}. */
    private static final long DM_LIST_DEVICES = 0xc138_fd02L;

    /** {@code _IOWR(0xfd, 4, struct dm_ioctl)}. */
    private static final long DM_DEV_REMOVE = 0xc138_fd04L;

    /** {@code _IOWR(0xfd, 12, struct dm_ioctl)}. */
    private static final long DM_TABLE_STATUS = 0xc138_fd0cL;

    /** {@code _IOWR(0xfd, 14, struct dm_ioctl)}. */
    private static final long DM_TARGET_MSG = 0xc138_fd0eL;

    /** Before anything is answered: for a device that nobody keeps from being looked at. */
    private static final int DM_NOFLUSH_FLAG = 1 << 11;

    private static final int DM_READONLY_FLAG = 1;
    private static final int DM_SUSPEND_FLAG = 1 << 1;
    private static final int DM_BUFFER_FULL_FLAG = 1 << 8;
    private static final int MAJOR_VERSION = 4;

    // struct dm_ioctl
    private static final long BYTES = 312;
    private static final long DATA_SIZE_AT = 12;
    private static final long DATA_START_AT = 16;
    private static final long TARGET_COUNT_AT = 20;
    private static final long OPEN_COUNT_AT = 24;
    private static final long FLAGS_AT = 28;
    private static final long NAME_AT = 48;
    private static final int NAME_BYTES = 128;

    /** Of a device's name, with a zero after it. */
    static final int MOST_NAME = NAME_BYTES - 1;

    // struct dm_target_spec
    private static final long LENGTH_AT = 8;
    private static final long NEXT_TARGET_AT = 20;
    private static final long SPEC_BYTES = 40;
    private static final long TYPE_AT = 24;

    // struct dm_name_list
    private static final long NEXT_AT = 8;
    private static final long LISTED_NAME_AT = 12;

    private static final long BUFFER_BYTES = 16 << 10;

    /** Of some 100 bytes for each device. This and the former are doubled until all fits. */
    private static final long LIST_BYTES = 256 << 10;

    private static final int SECTOR = 512;

    private DeviceMapper() {}

    /**
     * A device.
     *
     * @param suspended whether whoever writes to it waits
     * @param openCount how often it is open, by devices that lie on it too
     * @param type the kind of its first target
     * @param status what that target says of itself
     */
    record Device(
            boolean readOnly,
            boolean suspended,
            int openCount,
            long sizeBytes,
            String type,
            String status) {}

    /** The name that LVM gives a device: its own dashes doubled. */
    static String name(String group, String volume) {
        return group.replace("-", "--") + "-" + volume.replace("-", "--");
    }

    /** The path by which a device is there as soon as the kernel has it. */
    static String path(String name) {
        return "/dev/mapper/" + name;
    }

    /** Looks at a device; empty if there is none of that name. */
    static Optional<Device> find(Native os, String name) throws OsException {
        byte[] bytes = name.getBytes(US_ASCII);
        if (bytes.length >= NAME_BYTES) {
            return Optional.empty();
        }
        for (long size = BUFFER_BYTES; ; size *= 2) {
            MemorySegment request = request(os, size);
            request.set(JAVA_INT, FLAGS_AT, DM_NOFLUSH_FLAG);
            MemorySegment.copy(bytes, 0, request, JAVA_BYTE, NAME_AT, bytes.length);
            try {
                ask(os, DM_TABLE_STATUS, request, "ask about " + name);
            } catch (OsException e) {
                if (e.is(OsException.ENXIO)) {
                    return Optional.empty();
                }
                throw e;
            }
            if ((request.get(JAVA_INT, FLAGS_AT) & DM_BUFFER_FULL_FLAG) == 0) {
                return Optional.of(read(request));
            }
        }
    }

    /** The devices of a group, by their own names. */
    static List<String> ofGroup(Native os, String group) throws OsException {
        MemorySegment answer = list(os);
        String begin = name(group, "");
        List<String> found = new ArrayList<>();
        long at = answer.get(JAVA_INT, DATA_START_AT);
        if (answer.get(JAVA_LONG.withByteAlignment(1), at) == 0) {
            return found;
        }
        while (true) {
            String name = answer.getString(at + LISTED_NAME_AT, US_ASCII);
            if (name.startsWith(begin) && !name.startsWith(begin + "-")) {
                found.add(name);
            }
            int next = answer.get(JAVA_INT, at + NEXT_AT);
            if (next == 0) {
                return found;
            }
            at += next;
        }
    }

    /** Tells the first target of a device something in its own words. */
    static void tell(Native os, String name, String message) throws OsException {
        byte[] bytes = name.getBytes(US_ASCII);
        MemorySegment request = request(os, BUFFER_BYTES);
        MemorySegment.copy(bytes, 0, request, JAVA_BYTE, NAME_AT, bytes.length);
        // struct dm_target_msg: the sector that the target has, and the words.
        request.setString(BYTES + Long.BYTES, message, US_ASCII);
        ask(os, DM_TARGET_MSG, request, "tell %s to %s".formatted(name, message));
    }

    /**
     * Takes a device away; false if somebody has it open.
     *
     * @throws OsException ENXIO if there is none of that name
     */
    static boolean remove(Native os, String name) throws OsException {
        byte[] bytes = name.getBytes(US_ASCII);
        MemorySegment request = request(os, BUFFER_BYTES);
        MemorySegment.copy(bytes, 0, request, JAVA_BYTE, NAME_AT, bytes.length);
        try {
            ask(os, DM_DEV_REMOVE, request, "remove " + name);
            return true;
        } catch (OsException e) {
            if (e.is(OsException.EBUSY)) {
                return false;
            }
            throw e;
        }
    }

    private static MemorySegment list(Native os) throws OsException {
        for (long bytes = LIST_BYTES; ; bytes *= 2) {
            MemorySegment request = request(os, bytes);
            ask(os, DM_LIST_DEVICES, request, "list mapped devices");
            if ((request.get(JAVA_INT, FLAGS_AT) & DM_BUFFER_FULL_FLAG) == 0) {
                return request;
            }
        }
    }

    private static MemorySegment request(Native os, long bytes) {
        MemorySegment request = os.buffer(bytes);
        request.set(JAVA_INT, 0, MAJOR_VERSION);
        request.set(JAVA_INT, DATA_SIZE_AT, (int) bytes);
        request.set(JAVA_INT, DATA_START_AT, (int) BYTES);
        return request;
    }

    private static void ask(Native os, long what, MemorySegment request, String call)
            throws OsException {
        try (Fd control = os.open(CONTROL, Native.O_RDWR)) {
            int _ = os.ioctl(control, what, request.address(), call);
        }
    }

    private static Device read(MemorySegment answer) {
        int flags = answer.get(JAVA_INT, FLAGS_AT);
        boolean readOnly = (flags & DM_READONLY_FLAG) != 0;
        boolean suspended = (flags & DM_SUSPEND_FLAG) != 0;
        int openCount = answer.get(JAVA_INT, OPEN_COUNT_AT);
        int targets = answer.get(JAVA_INT, TARGET_COUNT_AT);
        if (targets == 0) {
            return new Device(readOnly, suspended, openCount, 0, "", "");
        }
        long data = answer.get(JAVA_INT, DATA_START_AT);
        long at = data;
        for (int i = 1; i < targets; i++) {
            at = data + answer.get(JAVA_INT, at + NEXT_TARGET_AT);
        }
        long end =
                answer.get(JAVA_LONG.withByteAlignment(1), at)
                        + answer.get(JAVA_LONG.withByteAlignment(1), at + LENGTH_AT);
        return new Device(
                readOnly,
                suspended,
                openCount,
                end * SECTOR,
                answer.getString(data + TYPE_AT, US_ASCII),
                answer.getString(data + SPEC_BYTES, US_ASCII));
    }
}
