package io.cairn.plugin.lvm;

import io.cairn.spi.ConnectionId;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The kernel's own target, looked at and changed beside the driver; and a target of somebody else.
 */
final class KernelTarget {
    private static final Path ROOT = Path.of("/sys/kernel/config/target");

    /** To what a target listens at, who it is for, and what it has. */
    private static final int DEPTH = 3;

    private final Path own;
    private final Path store;
    private final String device;

    KernelTarget(String name, String device) {
        this.own = ROOT.resolve("iscsi").resolve(name);
        this.store = ROOT.resolve("core/iblock_0/foreign");
        this.device = device;
    }

    /** All that is there of targets and their devices, with what somebody set of each. */
    static List<String> objects() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path above : List.of(ROOT.resolve("core"), ROOT.resolve("iscsi"))) {
            for (Path each : children(above)) {
                String name = String.valueOf(each.getFileName());
                if (name.startsWith("iblock_") || name.startsWith("iqn.")) {
                    try (Stream<Path> all = Files.walk(each, DEPTH)) {
                        all.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
                                .map(Path::toString)
                                .sorted()
                                .forEach(found::add);
                    }
                }
            }
        }
        return found;
    }

    /** What takes something back. */
    interface Step {
        void run() throws IOException;
    }

    /** What was done for a connection, in reverse. */
    static List<Step> undoing(ConnectionId id) throws IOException {
        Path group = ROOT.resolve("iscsi/iqn.2026-01.io.cairn:" + id).resolve("tpgt_1");
        Path host = children(group.resolve("acls")).getFirst();
        Path lun = group.resolve("lun/lun_0");
        Path link = children(lun).stream().filter(Files::isSymbolicLink).findFirst().orElseThrow();
        Path store = link.toRealPath();
        List<Step> steps = new ArrayList<>();
        steps.add(() -> Files.writeString(group.resolve("enable"), "0"));
        steps.add(() -> Files.delete(children(group.resolve("np")).getFirst()));
        steps.add(() -> Files.delete(host.resolve("lun_0/lun_0")));
        steps.add(() -> Files.delete(host.resolve("lun_0")));
        steps.add(() -> Files.delete(host));
        steps.add(() -> Files.delete(link));
        steps.add(() -> Files.delete(lun));
        steps.add(() -> Files.delete(group));
        steps.add(() -> Files.delete(group.getParent()));
        steps.add(() -> Files.delete(store));
        steps.add(() -> Files.createDirectory(store));
        steps.add(() -> Files.writeString(store.resolve("control"), "udev_path=/dev/null"));
        steps.add(() -> Files.delete(store));
        steps.add(() -> Files.delete(store.getParent()));
        return steps;
    }

    void make(String host, String portal) throws IOException {
        Files.createDirectories(store);
        Files.writeString(store.resolve("control"), "udev_path=" + device);
        Files.writeString(store.resolve("enable"), "1");
        Path group = own.resolve("tpgt_1");
        Path lun = group.resolve("lun/lun_0");
        Files.createDirectory(own);
        Files.createDirectory(group);
        Files.createDirectory(lun);
        Files.createSymbolicLink(lun.resolve("foreign"), store);
        Files.createDirectory(group.resolve("acls").resolve(host));
        Files.createDirectory(group.resolve("np").resolve(portal));
        Files.writeString(group.resolve("enable"), "1");
    }

    boolean serves() throws IOException {
        return Files.readString(own.resolve("tpgt_1/enable")).strip().equals("1")
                && Files.isSymbolicLink(own.resolve("tpgt_1/lun/lun_0/foreign"));
    }

    void remove() throws IOException {
        Path group = own.resolve("tpgt_1");
        Files.writeString(group.resolve("enable"), "0");
        for (Path each : children(group.resolve("acls"))) {
            Files.delete(each);
        }
        Files.delete(group.resolve("lun/lun_0/foreign"));
        Files.delete(group.resolve("lun/lun_0"));
        for (Path each : children(group.resolve("np"))) {
            Files.delete(each);
        }
        Files.delete(group);
        Files.delete(own);
        Files.delete(store);
        Files.delete(store.getParent());
    }

    private static List<Path> children(Path above) throws IOException {
        try (Stream<Path> all = Files.list(above)) {
            return all.toList();
        }
    }
}
