package io.cairn.daemon.jmx;

import org.jspecify.annotations.Nullable;

import javax.management.MBeanServer;
import javax.management.MBeanServerBuilder;
import javax.management.MBeanServerDelegate;

/**
 * Makes MBean servers that volumes and snapshots can be seen in. The JVM takes it for its own
 * server if {@value #PROPERTY} names this class before anything has asked for that server: on the
 * command line, or first in {@code main}. Then local attach sees them as well.
 */
public final class CairnMBeanServerBuilder extends MBeanServerBuilder {
    /** The system property that names the builder. */
    public static final String PROPERTY = "javax.management.builder.initial";

    @Override
    public MBeanServer newMBeanServer(
            String defaultDomain, @Nullable MBeanServer outer, MBeanServerDelegate delegate) {
        return new VirtualMBeanServer(
                delegate,
                server ->
                        super.newMBeanServer(
                                defaultDomain, outer == null ? server : outer, delegate));
    }
}
