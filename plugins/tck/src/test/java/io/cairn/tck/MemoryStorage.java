package io.cairn.tck;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Contents by location, in pages that are shared until one side writes. Every method locks it. */
final class MemoryStorage {
    static final int PAGE = 4096;
    static final long TOTAL = 4L << 30;

    /** What precedes the location in the path of a device. */
    static final String DEVICE = "device/";

    private final Map<String, Content> contents = new HashMap<>();
    final Map<VolumeId, Volume> volumes = new HashMap<>();
    final Map<SnapshotId, BackendSnapshot> snapshots = new HashMap<>();
    private @Nullable BackendIdentity owner;

    /** Whether each location that is attached is so for reading only. */
    final Map<String, Boolean> attached = new HashMap<>();

    /** The location that each connection may use. */
    final Map<ConnectionId, ExportSpec> exports = new HashMap<>();

    /**
     * @param source the id of what it was made from, or the path of what it was
     */
    record Volume(BackendVolume shown, Optional<Object> source) {}

    /** The bytes behind one location. A missing page is zeroes; a page is never changed. */
    static final class Content {
        long sizeBytes;
        Map<Long, byte[]> pages;
        int writers;
        int openDevices;

        Content(long sizeBytes, Map<Long, byte[]> pages) {
            this.sizeBytes = sizeBytes;
            this.pages = pages;
        }
    }

    synchronized void claim(BackendIdentity self) throws DriverException {
        BackendIdentity before = owner;
        if (before == null && self.used()) {
            throw new DriverException(
                    DriverException.Kind.UNAVAILABLE, "this is not the storage that was used");
        }
        if (before != null
                && !(before.daemon().equals(self.daemon())
                        && before.backend().equals(self.backend()))) {
            throw new DriverException(
                    DriverException.Kind.CONFLICT, "the storage belongs to " + before);
        }
        owner = self;
    }

    synchronized void handOver(BackendIdentity to) {
        owner = to;
    }

    synchronized void put(String location, long sizeBytes, Map<Long, byte[]> pages) {
        contents.put(location, new Content(sizeBytes, pages));
    }

    synchronized Map<Long, byte[]> pages(String location) {
        return get(location).pages;
    }

    synchronized void remove(String location) {
        contents.remove(location);
    }

    synchronized void move(String location, String to) {
        contents.put(to, get(location));
        contents.remove(location);
    }

    synchronized boolean contains(String location) {
        return contents.containsKey(location);
    }

    synchronized long sizeBytes(String location) {
        return get(location).sizeBytes;
    }

    synchronized void grow(String location, long sizeBytes) {
        get(location).sizeBytes = sizeBytes;
    }

    synchronized boolean isOpen(String location) {
        return get(location).writers > 0;
    }

    synchronized boolean isDeviceOpen(String location) {
        return get(location).openDevices > 0;
    }

    synchronized long usedBytes() {
        Set<byte[]> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
        contents.values().forEach(content -> distinct.addAll(content.pages.values()));
        return (long) distinct.size() * PAGE;
    }

    /** What is at a location and at none of the others. */
    synchronized long unsharedBytes(String location, Predicate<String> others) {
        Set<byte[]> alone = Collections.newSetFromMap(new IdentityHashMap<>());
        alone.addAll(get(location).pages.values());
        contents.forEach(
                (other, content) -> {
                    if (others.test(other)) {
                        content.pages.values().forEach(alone::remove);
                    }
                });
        return (long) alone.size() * PAGE;
    }

    synchronized List<String> locations() {
        return new ArrayList<>(contents.keySet());
    }

    SeekableByteChannel open(String path, boolean writable) {
        synchronized (this) {
            boolean device = path.startsWith(DEVICE);
            String location = device ? path.substring(DEVICE.length()) : path;
            if (device && writable && attached.getOrDefault(location, true)) {
                throw new IllegalStateException(path + " is read-only");
            }
            get(location).writers += writable ? 1 : 0;
            get(location).openDevices += device ? 1 : 0;
            return new Opened(location, writable, device);
        }
    }

    private Content get(String location) {
        Content content = contents.get(location);
        if (content == null) {
            throw new IllegalStateException("nothing is at " + location);
        }
        return content;
    }

    private final class Opened implements SeekableByteChannel {
        private final String location;
        private final boolean writable;
        private long position;
        private final boolean device;
        private boolean open = true;

        Opened(String location, boolean writable, boolean device) {
            this.location = location;
            this.writable = writable;
            this.device = device;
        }

        @Override
        public int read(ByteBuffer into) {
            synchronized (MemoryStorage.this) {
                Content content = get(location);
                if (position >= content.sizeBytes) {
                    return -1;
                }
                int length = step(content, into.remaining());
                byte @Nullable [] page = content.pages.get(position / PAGE);
                into.put(page == null ? new byte[PAGE] : page, (int) (position % PAGE), length);
                position += length;
                return length;
            }
        }

        @Override
        public int write(ByteBuffer from) {
            synchronized (MemoryStorage.this) {
                Content content = get(location);
                int length = step(content, from.remaining());
                byte @Nullable [] before = content.pages.get(position / PAGE);
                byte[] page = before == null ? new byte[PAGE] : before.clone();
                from.get(page, (int) (position % PAGE), length);
                content.pages.put(position / PAGE, page);
                position += length;
                return length;
            }
        }

        private int step(Content content, int wanted) {
            long inPage = PAGE - position % PAGE;
            return (int) Math.min(Math.min(wanted, inPage), content.sizeBytes - position);
        }

        @Override
        public long position() {
            return position;
        }

        @Override
        public SeekableByteChannel position(long to) {
            position = to;
            return this;
        }

        @Override
        public long size() {
            synchronized (MemoryStorage.this) {
                return get(location).sizeBytes;
            }
        }

        @Override
        public SeekableByteChannel truncate(long size) {
            throw new UnsupportedOperationException("volumes keep their size");
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public void close() {
            synchronized (MemoryStorage.this) {
                Content content = contents.get(location);
                if (open && content != null) {
                    content.writers -= writable ? 1 : 0;
                    content.openDevices -= device ? 1 : 0;
                }
                open = false;
            }
        }
    }
}
