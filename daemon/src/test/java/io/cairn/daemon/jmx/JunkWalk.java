package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.Names;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;
import javax.management.ObjectName;

/** Invokes every operation of an MBean with junk in each parameter, and tells what went wrong. */
final class JunkWalk {
    /** What makes an operation get as far as the parameter that is junk. */
    private static final Map<String, Object> GOOD =
            Map.of(
                    "limit",
                    10,
                    "size",
                    "1GiB",
                    "key",
                    "k",
                    "value",
                    "v",
                    "name",
                    "fresh",
                    "volume",
                    "db1",
                    "snapshot",
                    "db1/one");

    private static final int LONGEST_MESSAGE = 1_000;

    private final House house;
    private final Junk junk;
    private final List<String> faults = new ArrayList<>();
    private int calls;

    JunkWalk(House house, Junk junk) {
        this.house = house;
        this.junk = junk;
    }

    /** What was accepted that should not be, refused badly, or changed something. */
    List<String> faults() {
        return faults;
    }

    int calls() {
        return calls;
    }

    void walk(ObjectName bean) throws Exception {
        MBeanInfo info = house.server.getMBeanInfo(bean);
        for (MBeanOperationInfo operation : info.getOperations()) {
            MBeanParameterInfo[] parameters = operation.getSignature();
            for (int at = 0; at < parameters.length; at++) {
                String before = everything();
                for (Object value : junk.of(parameters[at])) {
                    if (!junk.legal(operation, parameters[at], value)) {
                        String what =
                                "%s of %s with %s=%s"
                                        .formatted(
                                                operation.getName(),
                                                bean,
                                                parameters[at].getName(),
                                                Names.shortened(String.valueOf(value)));
                        invoke(bean, operation, at, value, what);
                    } else if (operation.getImpact() == MBeanOperationInfo.INFO) {
                        calls++;
                        expectCleanEnd(bean, operation, at, value);
                    }
                }
                String after = everything();
                if (!after.equals(before)) {
                    faults.add(
                            "junk in %s of %s of %s changed something: %s"
                                    .formatted(
                                            parameters[at].getName(),
                                            operation.getName(),
                                            bean,
                                            difference(before, after)));
                }
            }
        }
    }

    private void invoke(
            ObjectName bean,
            MBeanOperationInfo operation,
            int at,
            @Nullable Object value,
            String what) {
        calls++;
        try {
            Object result = call(bean, operation, at, value);
            faults.add("%s was accepted: %s".formatted(what, Names.shortened("" + result)));
        } catch (Exception e) {
            check(what, e);
        }
    }

    /** What is legal may find nothing, but it must not fail in another way. */
    private void expectCleanEnd(
            ObjectName bean, MBeanOperationInfo operation, int at, @Nullable Object value) {
        try {
            Object _ = call(bean, operation, at, value);
        } catch (Exception e) {
            check("%s of %s, legally".formatted(operation.getName(), bean), e);
        }
    }

    private Object call(
            ObjectName bean, MBeanOperationInfo operation, int at, @Nullable Object value)
            throws Exception {
        MBeanParameterInfo[] parameters = operation.getSignature();
        @Nullable Object[] arguments = new @Nullable Object[parameters.length];
        String[] signature = new String[parameters.length];
        for (int i = 0; i < parameters.length; i++) {
            arguments[i] = i == at ? value : good(parameters[i]);
            signature[i] = parameters[i].getType();
        }
        return house.server.invoke(bean, operation.getName(), arguments, signature);
    }

    private static Object good(MBeanParameterInfo parameter) {
        return switch (parameter.getType()) {
            case "int" -> 10;
            case "long" -> 10L;
            case "boolean" -> false;
            default -> GOOD.getOrDefault(parameter.getName(), "");
        };
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

    /** All that the daemon has, and all that is on the backend. */
    private String everything() throws Exception {
        return Stream.of(
                        house.volumes.volumes(Filter.ALL, 1_000, "").items().stream(),
                        house.volumes.snapshots(Filter.ALL, 1_000, "").items().stream(),
                        house.volumes.unfinished().stream(),
                        house.keyValues.list("", 1_000, "").items().stream(),
                        house.inventory().volumes().stream(),
                        house.inventory().snapshots().stream())
                .flatMap(part -> Stream.concat(part.map(Object::toString).sorted(), Stream.of("")))
                .reduce("", (one, other) -> one + other + "\n");
    }

    private static String difference(String before, String after) {
        List<String> lines = new ArrayList<>(Arrays.asList(after.split("\n", -1)));
        Arrays.asList(before.split("\n", -1)).forEach(lines::remove);
        return lines.isEmpty() ? "something is gone" : String.join("; ", lines);
    }
}
