package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.ImmutableDescriptor;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;
import javax.management.NotificationBroadcasterSupport;
import javax.management.ObjectName;

/** A bean with an operation for each role and one without any; it does what it is told. */
final class Probe extends NotificationBroadcasterSupport implements DynamicMBean {
    private static final MBeanInfo INFO =
            new MBeanInfo(
                    Probe.class.getName(),
                    "a bean to try things on",
                    new MBeanAttributeInfo[] {
                        attribute("Size", false, null),
                        attribute("Limit", true, "operator"),
                        attribute("Unruled", true, null),
                    },
                    null,
                    new MBeanOperationInfo[] {
                        operation("whoAmI", "reader"),
                        operation("look", "reader", "what"),
                        operation("make", "operator", "name", "password"),
                        operation("fail", "operator", "why"),
                        operation("drop", "admin", "name"),
                        operation("unruled", null),
                        operation("misruled", "everyone"),
                    },
                    null);

    private final Callers callers;
    private final ObjectName name;
    private volatile Object limit = "none";
    final AtomicInteger done = new AtomicInteger();

    Probe(Callers callers, ObjectName name) {
        this.callers = callers;
        this.name = name;
    }

    static MBeanOperationInfo operation(String name) {
        return Arrays.stream(INFO.getOperations())
                .filter(operation -> operation.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static MBeanOperationInfo operation(
            String name, @Nullable String role, String... parameters) {
        return new MBeanOperationInfo(
                name,
                name,
                Arrays.stream(parameters)
                        .map(
                                parameter ->
                                        new MBeanParameterInfo(
                                                parameter, "java.lang.Object", parameter))
                        .toArray(MBeanParameterInfo[]::new),
                "java.lang.String",
                MBeanOperationInfo.UNKNOWN,
                descriptor(role));
    }

    private static MBeanAttributeInfo attribute(
            String name, boolean writable, @Nullable String role) {
        return new MBeanAttributeInfo(
                name, "java.lang.Object", name, true, writable, false, descriptor(role));
    }

    private static ImmutableDescriptor descriptor(@Nullable String role) {
        return role == null
                ? ImmutableDescriptor.EMPTY_DESCRIPTOR
                : new ImmutableDescriptor(Role.FIELD + "=" + role);
    }

    @Override
    public Object getAttribute(String attribute) throws AttributeNotFoundException {
        return switch (attribute) {
            case "Size" -> 7;
            case "Limit", "Unruled" -> limit;
            default -> throw new AttributeNotFoundException(attribute);
        };
    }

    @Override
    public void setAttribute(Attribute attribute) {
        limit = attribute.getValue();
        done.incrementAndGet();
    }

    @Override
    public AttributeList getAttributes(String[] attributes) {
        AttributeList list = new AttributeList();
        for (String attribute : attributes) {
            try {
                list.add(new Attribute(attribute, getAttribute(attribute)));
            } catch (AttributeNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
        return list;
    }

    @Override
    public AttributeList setAttributes(AttributeList attributes) {
        attributes.asList().forEach(this::setAttribute);
        return attributes;
    }

    @Override
    public Object invoke(String operation, Object[] arguments, String[] signature)
            throws MBeanException {
        try {
            return callers.invoke(name, operation(operation), arguments, act(operation, arguments));
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new MBeanException(e);
        }
    }

    private Callable<String> act(String operation, Object[] arguments) {
        return switch (operation) {
            case "whoAmI" -> () -> callers.current().toString();
            case "fail" ->
                    () -> {
                        throw new IllegalStateException("FAULT: " + arguments[0]);
                    };
            default ->
                    () -> {
                        done.incrementAndGet();
                        return "did " + operation;
                    };
        };
    }

    @Override
    public MBeanInfo getMBeanInfo() {
        return INFO;
    }
}
