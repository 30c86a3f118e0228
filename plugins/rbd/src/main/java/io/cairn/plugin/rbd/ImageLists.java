package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.OsException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What Ceph tells of an open image in arrays and structures of its own. */
final class ImageLists {
    private static final int FIRST_ROOM = 64;

    /** {@code rbd_snap_info_t} */
    private static final StructLayout SNAP_INFO =
            MemoryLayout.structLayout(
                    JAVA_LONG.withName("id"), JAVA_LONG.withName("size"), ADDRESS.withName("name"));

    /** {@code rbd_linked_image_spec_t}, of which the image's id is what is needed. */
    private static final StructLayout LINKED =
            MemoryLayout.structLayout(
                    JAVA_LONG.withName("pool"),
                    ADDRESS.withName("poolName"),
                    ADDRESS.withName("namespace"),
                    ADDRESS.withName("imageId"),
                    ADDRESS.withName("imageName"),
                    MemoryLayout.paddingLayout(Long.BYTES));

    /** {@code rbd_snap_spec_t} */
    private static final StructLayout SNAP_SPEC =
            MemoryLayout.structLayout(
                    JAVA_LONG, JAVA_INT, MemoryLayout.paddingLayout(Integer.BYTES), ADDRESS);

    /** {@code rbd_image_watcher_t} */
    private static final StructLayout WATCHER =
            MemoryLayout.structLayout(ADDRESS, JAVA_LONG, JAVA_LONG);

    private ImageLists() {}

    /**
     * Its snapshots.
     *
     * @param kind rbd_snap_namespace_type_t
     */
    @SuppressWarnings("restricted") // as many as Ceph says
    static List<Image.Snap> snaps(Image image, int kind) throws OsException {
        for (int room = FIRST_ROOM; ; ) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment count = arena.allocate(JAVA_INT);
                count.set(JAVA_INT, 0, room);
                MemorySegment infos = arena.allocate(SNAP_INFO, room);
                long result =
                        image.library().call(Function.RBD_SNAP_LIST, image.handle(), infos, count);
                if (result == -OsException.ERANGE) {
                    room = Math.max(count.get(JAVA_INT, 0), 2 * room);
                    continue;
                }
                image.check(result, "list the snapshots of");
                List<Image.Snap> snaps = new ArrayList<>();
                for (long i = 0; i < result; i++) {
                    MemorySegment info = infos.asSlice(i * SNAP_INFO.byteSize(), SNAP_INFO);
                    long number = info.get(JAVA_LONG, 0);
                    if (isOf(image, arena, number, kind)) {
                        String text =
                                info.get(ADDRESS, 2 * Long.BYTES)
                                        .reinterpret(Long.MAX_VALUE)
                                        .getString(0);
                        snaps.add(new Image.Snap(number, text, info.get(JAVA_LONG, Long.BYTES)));
                    }
                }
                image.library().call(Function.RBD_SNAP_LIST_END, infos);
                return snaps;
            }
        }
    }

    private static boolean isOf(Image image, Arena arena, long number, int kind) {
        MemorySegment type = arena.allocate(JAVA_INT);
        long result =
                image.library()
                        .call(Function.RBD_SNAP_GET_NAMESPACE_TYPE, image.handle(), number, type);
        // One that goes just now is not there any more.
        return result == 0 && type.get(JAVA_INT, 0) == kind;
    }

    /** The id of the image that it was made from, while it shares anything with that. */
    @SuppressWarnings("restricted") // a text that Ceph allocated
    static Optional<String> parentId(Image image) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parent = arena.allocate(LINKED);
            MemorySegment snap = arena.allocate(SNAP_SPEC);
            long result =
                    image.library().call(Function.RBD_GET_PARENT, image.handle(), parent, snap);
            if (result == -OsException.ENOENT) {
                return Optional.empty();
            }
            image.check(result, "ask for the parent of");
            String id =
                    parent.get(
                                    ADDRESS,
                                    LINKED.byteOffset(
                                            MemoryLayout.PathElement.groupElement("imageId")))
                            .reinterpret(Long.MAX_VALUE)
                            .getString(0);
            image.library().call(Function.RBD_LINKED_IMAGE_SPEC_CLEANUP, parent);
            image.library().call(Function.RBD_SNAP_SPEC_CLEANUP, snap);
            return Optional.of(id);
        }
    }

    /** All that have it open for changes, this one with them if it does. */
    @SuppressWarnings("restricted") // texts that Ceph allocated
    static List<Image.Watcher> watchers(Image image) throws OsException {
        for (long room = FIRST_ROOM; ; room *= 2) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment count = arena.allocate(JAVA_LONG);
                count.set(JAVA_LONG, 0, room);
                MemorySegment found = arena.allocate(WATCHER, room);
                long result =
                        image.library()
                                .call(Function.RBD_WATCHERS_LIST, image.handle(), found, count);
                if (result == -OsException.ERANGE) {
                    continue;
                }
                image.check(result, "ask who has open");
                long there = count.get(JAVA_LONG, 0);
                List<Image.Watcher> watchers = new ArrayList<>();
                for (long i = 0; i < there; i++) {
                    MemorySegment each = found.asSlice(i * WATCHER.byteSize(), WATCHER);
                    watchers.add(
                            new Image.Watcher(
                                    each.get(ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0),
                                    each.get(JAVA_LONG, Long.BYTES),
                                    each.get(JAVA_LONG, 2 * Long.BYTES)));
                }
                image.library().call(Function.RBD_WATCHERS_LIST_CLEANUP, found, there);
                return watchers;
            }
        }
    }
}
