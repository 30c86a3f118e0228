package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.lang.management.ManagementFactory;
import java.util.Set;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.ObjectName;
import javax.management.openmbean.TabularData;
import javax.management.openmbean.TabularDataSupport;

/**
 * What the JVM was started with. The platform shows it to every reader, and an operator may have
 * passed a secret there. Others than administrators see nothing in its place, of the same type: a
 * refusal would break the summary that JConsole shows of every JVM.
 */
final class StartOptions {
    private static final Set<String> ATTRIBUTES = Set.of("InputArguments", "SystemProperties");

    private StartOptions() {}

    static @Nullable Object shown(
            Callers callers, ObjectName bean, String attribute, @Nullable Object value) {
        if (!ATTRIBUTES.contains(attribute)
                || !isRuntime(bean)
                || callers.current().role().covers(Role.ADMIN)) {
            return value;
        }
        return value instanceof TabularData table
                ? new TabularDataSupport(table.getTabularType())
                : new String[0];
    }

    static AttributeList shown(Callers callers, ObjectName bean, AttributeList values) {
        if (!isRuntime(bean)) {
            return values;
        }
        AttributeList shown = new AttributeList();
        for (Attribute value : values.asList()) {
            String name = value.getName();
            shown.add(new Attribute(name, shown(callers, bean, name, value.getValue())));
        }
        return shown;
    }

    private static boolean isRuntime(ObjectName bean) {
        return bean.getCanonicalName().equals(ManagementFactory.RUNTIME_MXBEAN_NAME);
    }
}
