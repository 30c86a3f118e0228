package io.cairn.daemon.access;

import com.google.common.collect.MapMaker;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;

import javax.management.DescriptorRead;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.ObjectName;

/** The least role of every operation and writable attribute of one kind of MBean. Immutable. */
final class Operations {
    /**
     * Queries of the platform's beans that clients show by themselves: JConsole's and VisualVM's
     * tables of threads. Nothing else of the platform's can be invoked by anyone.
     */
    private static final Set<String> THREAD_QUERIES =
            Set.of(
                    "getThreadInfo",
                    "findDeadlockedThreads",
                    "findMonitorDeadlockedThreads",
                    "getThreadCpuTime",
                    "getThreadUserTime",
                    "getThreadAllocatedBytes");

    /**
     * By identity, since comparing two MBeanInfos costs more than reading one, and weak, since some
     * MBeans make a new one for every caller.
     */
    private static final ConcurrentMap<MBeanInfo, Operations> KNOWN =
            new MapMaker().weakKeys().makeMap();

    private final Map<String, Role> operations = new HashMap<>();
    private final Map<String, Role> attributes = new HashMap<>();
    private final Map<String, MBeanOperationInfo> infos = new HashMap<>();

    private Operations(MBeanInfo info) {
        for (MBeanOperationInfo operation : info.getOperations()) {
            // Of overloads the strictest role counts: a client chooses the signature.
            operations.merge(
                    operation.getName(),
                    role(operation),
                    (one, other) -> one.covers(other) ? one : other);
            infos.put(operation.getName(), operation);
        }
        for (MBeanAttributeInfo attribute : info.getAttributes()) {
            attributes.put(attribute.getName(), role(attribute));
        }
    }

    static Operations of(MBeanInfo info) {
        Operations known = KNOWN.get(info);
        if (known == null) {
            known = new Operations(info);
            KNOWN.put(info, known);
        }
        return known;
    }

    /** The role in a descriptor; admin if there is none that can be read. */
    static Role role(DescriptorRead described) {
        return described.getDescriptor().getFieldValue(Role.FIELD) instanceof String text
                ? Role.find(text).orElse(Role.ADMIN)
                : Role.ADMIN;
    }

    Role toInvoke(String operation) {
        return operations.getOrDefault(operation, Role.ADMIN);
    }

    Role toSet(String attribute) {
        return attributes.getOrDefault(attribute, Role.ADMIN);
    }

    @Nullable MBeanOperationInfo info(String operation) {
        return infos.get(operation);
    }

    static boolean isPlatformQuery(ObjectName bean, String operation) {
        return bean.getDomain().equals("java.lang")
                && "Threading".equals(bean.getKeyProperty("type"))
                && THREAD_QUERIES.contains(operation);
    }
}
