package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/**
 * What is called, as rados/librados.h and rbd/librbd.h of Ceph 16.2 declare it: what it returns,
 * and what it takes. {@code p} is a pointer, {@code l} is 64 bits wide, {@code i} 32, {@code b} 8,
 * {@code z} a bool, and {@code v} nothing. Sizes are 64 bits wide, since there is no Ceph for less.
 */
enum Function {
    RADOS_CREATE2("i", "pppl"),
    RADOS_CONF_READ_FILE("i", "pp"),
    RADOS_CONF_SET("i", "ppp"),
    RADOS_CONF_GET("i", "pppl"),
    RADOS_CONNECT("i", "p"),
    RADOS_SHUTDOWN("v", "p"),
    RADOS_CLUSTER_FSID("i", "ppl"),
    RADOS_GET_INSTANCE_ID("l", "p"),
    RADOS_MON_COMMAND("i", "pplplpppp"),
    RADOS_BUFFER_FREE("v", "p"),
    RADOS_BLOCKLIST_ADD("i", "ppi"),
    RADOS_IOCTX_CREATE("i", "ppp"),
    RADOS_IOCTX_DESTROY("v", "p"),
    RADOS_IOCTX_SET_NAMESPACE("v", "pp"),
    RADOS_SET_POOL_FULL_TRY("v", "p"),
    RADOS_REMOVE("i", "pp"),
    RADOS_CREATE_WRITE_OP("p", ""),
    RADOS_WRITE_OP_CREATE("v", "pip"),
    RADOS_WRITE_OP_ASSERT_EXISTS("v", "p"),
    RADOS_WRITE_OP_WRITE_FULL("v", "ppl"),
    RADOS_RELEASE_WRITE_OP("v", "p"),
    RADOS_AIO_CREATE_COMPLETION2("i", "ppp"),
    RADOS_AIO_READ("i", "ppppll"),
    RADOS_AIO_WRITE_OP_OPERATE("i", "pppppi"),
    RADOS_AIO_WAIT_FOR_COMPLETE("i", "p"),
    RADOS_AIO_GET_RETURN_VALUE("i", "p"),
    RADOS_AIO_RELEASE("v", "p"),
    RADOS_LOCK_EXCLUSIVE("i", "ppppppb"),
    RADOS_UNLOCK("i", "pppp"),
    RADOS_BREAK_LOCK("i", "ppppp"),
    RADOS_LIST_LOCKERS("l", "pppppppppppp"),
    RBD_NAMESPACE_EXISTS("i", "ppp"),
    RBD_LIST2("i", "ppp"),
    RBD_IMAGE_SPEC_LIST_CLEANUP("v", "pl"),
    RBD_IMAGE_OPTIONS_CREATE("v", "p"),
    RBD_IMAGE_OPTIONS_DESTROY("v", "p"),
    RBD_IMAGE_OPTIONS_SET_UINT64("i", "pil"),
    RBD_CREATE4("i", "pplp"),
    RBD_CLONE3("i", "pppppp"),
    RBD_REMOVE("i", "pp"),
    RBD_RENAME("i", "ppp"),
    RBD_OPEN("i", "pppp"),
    RBD_OPEN_READ_ONLY("i", "pppp"),
    RBD_OPEN_BY_ID_READ_ONLY("i", "pppp"),
    RBD_CLOSE("i", "p"),
    RBD_GET_SIZE("i", "pp"),
    RBD_GET_FEATURES("i", "pp"),
    RBD_GET_ID("i", "ppl"),
    RBD_GET_NAME("i", "ppp"),
    RBD_GET_PARENT("i", "ppp"),
    RBD_LINKED_IMAGE_SPEC_CLEANUP("v", "p"),
    RBD_SNAP_SPEC_CLEANUP("v", "p"),
    RBD_RESIZE2("i", "plzpp"),
    RBD_REBUILD_OBJECT_MAP("i", "ppp"),
    RBD_FLATTEN_WITH_PROGRESS("i", "ppp"),
    RBD_SNAP_LIST("i", "ppp"),
    RBD_SNAP_LIST_END("v", "p"),
    RBD_SNAP_GET_NAMESPACE_TYPE("i", "plp"),
    RBD_SNAP_CREATE("i", "pp"),
    RBD_SNAP_REMOVE("i", "pp"),
    RBD_SNAP_REMOVE_BY_ID("i", "pl"),
    RBD_SNAP_ROLLBACK_WITH_PROGRESS("i", "pppp"),
    RBD_DIFF_ITERATE2("i", "ppllbbpp"),
    RBD_LIST_CHILDREN3("i", "ppp"),
    RBD_WATCHERS_LIST("i", "ppp"),
    RBD_WATCHERS_LIST_CLEANUP("v", "pl");

    private final String result;
    private final String arguments;

    Function(String result, String arguments) {
        this.result = result;
        this.arguments = arguments;
    }

    String symbol() {
        return name().toLowerCase(Locale.ROOT);
    }

    FunctionDescriptor descriptor() {
        MemoryLayout[] layouts =
                arguments.chars().mapToObj(Function::layout).toArray(MemoryLayout[]::new);
        return result.equals("v")
                ? FunctionDescriptor.ofVoid(layouts)
                : FunctionDescriptor.of(layout(result.charAt(0)), layouts);
    }

    private static ValueLayout layout(int code) {
        return switch (code) {
            case 'p' -> ADDRESS;
            case 'l' -> JAVA_LONG;
            case 'i' -> JAVA_INT;
            case 'b' -> JAVA_BYTE;
            case 'z' -> JAVA_BOOLEAN;
            default -> throw new IllegalArgumentException("no type '%c'".formatted(code));
        };
    }
}
