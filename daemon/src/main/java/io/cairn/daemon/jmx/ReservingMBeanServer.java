package io.cairn.daemon.jmx;

import org.jspecify.annotations.Nullable;

import java.util.function.UnaryOperator;

import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanRegistrationException;
import javax.management.MBeanServer;
import javax.management.NotCompliantMBeanException;
import javax.management.ObjectInstance;
import javax.management.ObjectName;
import javax.management.ReflectionException;
import javax.management.RuntimeOperationsException;

/** An MBean server that lets nobody take the names of virtual MBeans. Safe for many threads. */
abstract class ReservingMBeanServer extends PassingMBeanServer {
    ReservingMBeanServer(UnaryOperator<MBeanServer> real) {
        super(real);
    }

    @Override
    public ObjectInstance registerMBean(Object bean, @Nullable ObjectName name)
            throws InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    NotCompliantMBeanException {
        refuseReserved(name);
        return super.registerMBean(bean, name);
    }

    @Override
    public ObjectInstance createMBean(String className, @Nullable ObjectName name)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException {
        refuseReserved(name);
        return super.createMBean(className, name);
    }

    @Override
    public ObjectInstance createMBean(
            String className, @Nullable ObjectName name, @Nullable ObjectName loader)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException,
                    InstanceNotFoundException {
        refuseReserved(name);
        return super.createMBean(className, name, loader);
    }

    @Override
    public ObjectInstance createMBean(
            String className,
            @Nullable ObjectName name,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException {
        refuseReserved(name);
        return super.createMBean(className, name, arguments, signature);
    }

    @Override
    public ObjectInstance createMBean(
            String className,
            @Nullable ObjectName name,
            @Nullable ObjectName loader,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException,
                    InstanceNotFoundException {
        refuseReserved(name);
        return super.createMBean(className, name, loader, arguments, signature);
    }

    private static void refuseReserved(@Nullable ObjectName name) {
        if (name != null && BeanNames.reserved(name)) {
            throw refused(
                    name
                            + " cannot be registered: pools, volumes and snapshots are MBeans by existing");
        }
    }

    static RuntimeOperationsException refused(String message) {
        String text = "INVALID: " + message;
        return new RuntimeOperationsException(new IllegalArgumentException(text), text);
    }
}
