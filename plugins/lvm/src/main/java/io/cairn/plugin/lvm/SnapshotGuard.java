package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Background;
import io.cairn.spi.Chore;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Looks at the snapshots that are active, and gives those more room that are nearly full. The
 * kernel is asked, which takes microseconds each; LVM only for what is to be done.
 */
final class SnapshotGuard implements Background, AutoCloseable {
    /** How much may be written between two looks is what a small reserve has to bear. */
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

    private final PlainGroup group;
    private final Thread thread;
    private volatile boolean closed;
    private volatile List<Chore> chores = List.of();

    SnapshotGuard(PlainGroup group) {
        this.group = group;
        this.thread =
                Thread.ofPlatform().daemon().name("lvm-guard-" + group.group()).start(this::watch);
    }

    @Override
    public List<Chore> chores() {
        return chores;
    }

    private void watch() {
        while (!closed) {
            chores = look();
            LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
        }
    }

    private List<Chore> look() {
        Map<String, Chore> found = new TreeMap<>();
        try (Native os = new Native()) {
            String begin = DeviceMapper.name(group.group(), Names.OWN);
            for (String device : DeviceMapper.ofGroup(os, group.group())) {
                if (device.startsWith(begin) && !closed) {
                    look(os, device, found);
                }
            }
        } catch (OsException e) {
            found.put("", new Chore("watch snapshots of " + group.group(), 0, 0, text(e)));
        }
        return List.copyOf(found.values());
    }

    private void look(Native os, String device, Map<String, Chore> found) throws OsException {
        Optional<DeviceMapper.Device> there = DeviceMapper.find(os, device);
        if (there.isEmpty() || !there.get().type().equals(SnapshotStatus.TYPE)) {
            return;
        }
        String name =
                device.substring(DeviceMapper.name(group.group(), "").length()).replace("--", "-");
        SnapshotStatus status = SnapshotStatus.parse(there.get().status());
        long full = group.reserve().full(there.get().sizeBytes());
        if (!status.lost().isEmpty()) {
            found.put(
                    name,
                    new Chore(
                            "keep " + group.full(name),
                            0,
                            0,
                            "what it held is lost, and the kernel says of it '%s'; delete it"
                                    .formatted(status.lost())));
        } else if (status.reserveBytes() < full && group.reserve().isLow(status)) {
            String problem = extend(name);
            if (!problem.isEmpty()) {
                found.put(
                        name,
                        new Chore(
                                "give %s more room".formatted(group.full(name)),
                                Math.min(status.usedBytes(), status.reserveBytes()),
                                status.reserveBytes(),
                                problem));
            }
        }
    }

    /** Why it cannot; empty if it could. */
    private String extend(String name) {
        try {
            return group.turn(
                    () -> {
                        for (LogicalVolume each : group.volumes("lv_name=" + name)) {
                            long next = group.reserve().next(each.originBytes(), each.sizeBytes());
                            // All that there is, if it is less.
                            long most = each.sizeBytes() + group.stats().freeBytes();
                            if (Math.min(next, most) > each.sizeBytes()) {
                                group.extend(each, Math.min(next, most));
                            }
                            if (next > most) {
                                return "volume group %s is full, and it is lost once its volume changes more than that; give the group more with `vgextend`, or delete something"
                                        .formatted(group.group());
                            }
                        }
                        return "";
                    });
        } catch (OsException | IOException e) {
            return text(e);
        } catch (InterruptedException e) {
            // Only closing does that.
            return text(e);
        }
    }

    private static String text(Exception e) {
        return String.valueOf(e.getMessage());
    }

    /** Waits for what it is at. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
