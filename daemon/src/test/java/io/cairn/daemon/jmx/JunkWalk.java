package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Names;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;
import javax.management.ObjectName;

/** Invokes every operation of an MBean with junk in each parameter, and tells what went wrong. */
final class JunkWalk {
    private static final int LONGEST_MESSAGE = 1_000;

    private final House house;
    private final Junk junk;
    private final GoodArguments good;
    private final List<String> faults = new ArrayList<>();
    private int calls;

    JunkWalk(House house, Junk junk, GoodArguments good) {
        this.house = house;
        this.junk = junk;
        this.good = good;
    }

    /** What was accepted that should not be, refused badly, or changed something. */
    List<String> faults() {
        return faults;
    }

    int calls() {
        return calls;
    }

    /** Walks the operations of all MBeans of a type. */
    void walk(String type, MBeanInfo info) throws Exception {
        for (MBeanOperationInfo operation : info.getOperations()) {
            ObjectName bean = good.bean(type, operation);
            MBeanParameterInfo[] parameters = operation.getSignature();
            for (int at = 0; at < parameters.length; at++) {
                String before = Everything.in(house);
                for (Object value : junk.of(parameters[at])) {
                    if (!junk.legal(operation, parameters[at], value)) {
                        String what =
                                "%s of %s with %s=%s"
                                        .formatted(
                                                operation.getName(),
                                                bean,
                                                parameters[at].getName(),
                                                Names.shortened(String.valueOf(value)));
                        expectRefused(bean, operation, good.of(type, operation, at, value), what);
                    } else if (operation.getImpact() == MBeanOperationInfo.INFO) {
                        expectCleanEnd(bean, operation, good.of(type, operation, at, value));
                    }
                }
                String after = Everything.in(house);
                if (!after.equals(before)) {
                    faults.add(
                            "junk in %s of %s of %s changed something: %s"
                                    .formatted(
                                            parameters[at].getName(),
                                            operation.getName(),
                                            bean,
                                            Everything.difference(before, after)));
                }
            }
        }
    }

    private void expectRefused(
            ObjectName bean,
            MBeanOperationInfo operation,
            @Nullable Object[] arguments,
            String what) {
        calls++;
        try {
            Object result = call(bean, operation, arguments);
            faults.add("%s was accepted: %s".formatted(what, Names.shortened("" + result)));
        } catch (Exception e) {
            check(what, e);
        }
    }

    /** What is legal may find nothing, but it must not fail in another way. */
    private void expectCleanEnd(
            ObjectName bean, MBeanOperationInfo operation, @Nullable Object[] arguments) {
        calls++;
        try {
            Object _ = call(bean, operation, arguments);
        } catch (Exception e) {
            check("%s of %s, legally".formatted(operation.getName(), bean), e);
        }
    }

    private Object call(ObjectName bean, MBeanOperationInfo operation, @Nullable Object[] arguments)
            throws Exception {
        return house.server.invoke(
                bean, operation.getName(), arguments, GoodArguments.signature(operation));
    }

    private void check(String what, Exception e) {
        String message = String.valueOf(e.getMessage());
        if (!(e instanceof MBeanException)
                || !message.matches("(INVALID|NOT_FOUND|CONFLICT|IN_USE|UNSUPPORTED): .{10,}")
                || message.length() > LONGEST_MESSAGE
                || message.codePoints().anyMatch(JunkWalk::spoilsALine)) {
            faults.add("%s was refused badly: %s".formatted(what, e));
        }
        for (Throwable one = e; one != null; one = one.getCause()) {
            if (!one.getClass().getName().startsWith("java")) {
                faults.add("%s threw a %s".formatted(what, one.getClass().getName()));
            }
        }
    }

    static boolean spoilsALine(int character) {
        return Character.isISOControl(character)
                || Character.getType(character) == Character.SURROGATE
                || Character.getType(character) == Character.FORMAT
                || Character.getType(character) == Character.LINE_SEPARATOR
                || Character.getType(character) == Character.PARAGRAPH_SEPARATOR;
    }
}
