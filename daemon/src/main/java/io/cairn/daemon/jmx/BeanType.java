package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Role;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.Descriptor;
import javax.management.ImmutableDescriptor;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanNotificationInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;
import javax.management.ObjectName;
import javax.management.ReflectionException;

/**
 * One kind of MBean: its MBeanInfo, and how to read and invoke an object of the class {@code T}
 * that is behind it. All reflection happens when it is made. Immutable.
 */
final class BeanType<T> {
    private static final Logger LOG = LoggerFactory.getLogger(BeanType.class);
    private static final MethodType GETTER = MethodType.methodType(Object.class, Object.class);
    private static final MethodType SPREAD =
            MethodType.methodType(Object.class, Object.class, Object[].class);

    /** An attribute that is computed from a table instead of a method. */
    record Computed<T>(
            String name,
            Class<?> javaType,
            String description,
            Unit unit,
            boolean counter,
            Function<T, Object> getter) {}

    private record Getter<T>(MBeanAttributeInfo info, Function<T, Object> read) {}

    private record Call(
            MBeanOperationInfo info,
            List<Class<?>> parameters,
            MethodHandle handle,
            OpenForm result) {}

    private final Class<T> beanClass;
    private final MBeanInfo info;
    private final NavigableMap<String, Getter<T>> getters = new TreeMap<>();
    private final NavigableMap<String, Call> calls = new TreeMap<>();

    BeanType(
            Class<T> beanClass,
            List<Computed<T>> computed,
            MBeanNotificationInfo... notifications) {
        this.beanClass = beanClass;
        for (Method method : methods(beanClass)) {
            Shown shown = method.getAnnotation(Shown.class);
            ReadOperation read = method.getAnnotation(ReadOperation.class);
            WriteOperation write = method.getAnnotation(WriteOperation.class);
            if (shown != null) {
                add(method, shown);
            } else if (read != null) {
                add(method, read.value(), read.role(), MBeanOperationInfo.INFO);
            } else if (write != null) {
                add(method, write.value(), write.role(), MBeanOperationInfo.ACTION);
            }
        }
        for (Computed<T> attribute : computed) {
            add(
                    attribute.name,
                    OpenForm.of(attribute.javaType),
                    attribute.description,
                    attribute.unit,
                    attribute.counter,
                    attribute.getter);
        }
        this.info =
                new MBeanInfo(
                        beanClass.getName(),
                        OpenForm.description(beanClass),
                        getters.values().stream()
                                .map(Getter::info)
                                .toArray(MBeanAttributeInfo[]::new),
                        null,
                        calls.values().stream().map(Call::info).toArray(MBeanOperationInfo[]::new),
                        notifications,
                        new ImmutableDescriptor(Map.of("immutableInfo", "true")));
    }

    MBeanInfo info() {
        return info;
    }

    String className() {
        return beanClass.getName();
    }

    Object read(T bean, String attribute) throws AttributeNotFoundException {
        Getter<T> getter = getters.get(attribute);
        if (getter == null) {
            throw new AttributeNotFoundException(
                    "there is no attribute '%s'; there are %s"
                            .formatted(attribute, String.join(", ", getters.keySet())));
        }
        return getter.read.apply(bean);
    }

    /** Reads the attributes that there are, in the order asked for. One that fails is left out. */
    AttributeList readAll(T bean, String[] attributes) {
        AttributeList values = new AttributeList();
        for (String attribute : attributes) {
            Getter<T> getter = getters.get(attribute);
            if (getter == null) {
                continue;
            }
            try {
                values.add(new Attribute(attribute, getter.read.apply(bean)));
            } catch (RuntimeException e) {
                LOG.error("{} of {} could not be read", attribute, className(), e);
            }
        }
        return values;
    }

    /** No attribute can be written: says whether it is unknown or only to be read. */
    AttributeNotFoundException unwritable(String attribute) {
        return new AttributeNotFoundException(
                getters.containsKey(attribute)
                        ? "attribute '%s' can only be read".formatted(attribute)
                        : "there is no attribute '%s'".formatted(attribute));
    }

    /**
     * Invokes an operation, if its caller may.
     *
     * @throws MBeanException if the operation failed; the message is for the operator
     * @throws ReflectionException if there is no such operation
     * @throws SecurityException if the caller may not
     */
    Object invoke(
            Callers callers,
            ObjectName name,
            T bean,
            String operation,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws MBeanException, ReflectionException {
        Call call = calls.get(operation);
        if (call == null) {
            throw new ReflectionException(
                    new NoSuchMethodException(operation),
                    "there is no operation '%s'; there are %s"
                            .formatted(operation, String.join(", ", calls.keySet())));
        }
        Object[] values = checked(call, arguments, signature);
        try {
            return callers.invoke(
                    name, call.info, values, () -> carryOut(call, name, bean, values));
        } catch (MBeanException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw Failures.of(e, operation, name);
        }
    }

    /** Fails as the client sees it, so that the audit has the same words. */
    private static Object carryOut(Call call, ObjectName name, Object bean, Object[] values)
            throws MBeanException {
        try {
            return call.result.toOpen().apply(call(call.handle, bean, values));
        } catch (Exception e) {
            throw Failures.of(e, call.info.getName(), name);
        }
    }

    private static Object[] checked(
            Call call, @Nullable Object @Nullable [] arguments, String @Nullable [] signature)
            throws MBeanException {
        MBeanParameterInfo[] parameters = call.info.getSignature();
        int given = arguments == null ? 0 : arguments.length;
        if (given != parameters.length
                || (signature != null
                        && signature.length > 0
                        && !Arrays.equals(
                                signature,
                                Arrays.stream(parameters)
                                        .map(MBeanParameterInfo::getType)
                                        .toArray(String[]::new)))) {
            throw Failures.invalid(
                    "%s takes %s, not %d argument%s%s"
                            .formatted(
                                    call.info.getName(),
                                    expected(parameters),
                                    given,
                                    given == 1 ? "" : "s",
                                    signature == null || signature.length == 0
                                            ? ""
                                            : " of " + String.join(", ", signature)));
        }
        Object[] values = new Object[given];
        for (int i = 0; i < given; i++) {
            Object value = arguments == null ? null : arguments[i];
            Class<?> wanted = MethodType.methodType(call.parameters.get(i)).wrap().returnType();
            if (!wanted.isInstance(value)) {
                throw Failures.invalid(
                        "%s: argument %d, %s, is %s, and must be a %s"
                                .formatted(
                                        call.info.getName(),
                                        i + 1,
                                        parameters[i].getName(),
                                        value == null ? "null" : "a " + value.getClass().getName(),
                                        wanted.getSimpleName()));
            }
            values[i] = value;
        }
        return values;
    }

    private static String expected(MBeanParameterInfo[] parameters) {
        return parameters.length == 0
                ? "no arguments"
                : Arrays.stream(parameters)
                        .map(parameter -> parameter.getName() + " (" + parameter.getType() + ")")
                        .collect(Collectors.joining(", "));
    }

    private void add(Method method, Shown shown) {
        OpenForm form = OpenForm.of(method.getGenericReturnType());
        MethodHandle handle = unreflect(method).asType(GETTER);
        add(
                Character.toUpperCase(method.getName().charAt(0)) + method.getName().substring(1),
                form,
                shown.value(),
                shown.unit(),
                shown.counter(),
                bean -> form.toOpen().apply(get(handle, bean)));
    }

    private void add(
            String name,
            OpenForm form,
            String description,
            Unit unit,
            boolean counter,
            Function<T, Object> read) {
        Map<String, Object> fields = new HashMap<>();
        fields.put(Role.FIELD, Role.READER.toString());
        fields.put("openType", form.type());
        if (unit != Unit.NONE) {
            fields.put("units", unit.toString());
        }
        if (form.javaType().isPrimitive() && form.javaType() != boolean.class) {
            fields.put("metricType", counter ? "counter" : "gauge");
        }
        Getter<T> known =
                getters.put(
                        name,
                        new Getter<>(
                                new MBeanAttributeInfo(
                                        name,
                                        form.javaType().getName(),
                                        description,
                                        true,
                                        false,
                                        false,
                                        new ImmutableDescriptor(fields)),
                                read));
        if (known != null) {
            throw new IllegalArgumentException("two attributes %s".formatted(name));
        }
    }

    private void add(Method method, String description, Role role, int impact) {
        OpenForm form = OpenForm.of(method.getGenericReturnType());
        MBeanParameterInfo[] parameters =
                Arrays.stream(method.getParameters())
                        .map(BeanType::info)
                        .toArray(MBeanParameterInfo[]::new);
        Descriptor descriptor =
                new ImmutableDescriptor(
                        Map.of(Role.FIELD, role.toString(), "openType", form.type()));
        MBeanOperationInfo info =
                new MBeanOperationInfo(
                        method.getName(),
                        description,
                        parameters,
                        form.javaType().getName(),
                        impact,
                        descriptor);
        MethodHandle handle =
                unreflect(method).asSpreader(Object[].class, parameters.length).asType(SPREAD);
        Call known =
                calls.put(
                        method.getName(),
                        new Call(info, List.of(method.getParameterTypes()), handle, form));
        if (known != null) {
            throw new IllegalArgumentException("two operations %s".formatted(method.getName()));
        }
    }

    private static MBeanParameterInfo info(Parameter parameter) {
        Description description = parameter.getAnnotation(Description.class);
        if (description == null || !parameter.isNamePresent()) {
            throw new IllegalArgumentException(
                    "%s of %s has no description, or was compiled without names"
                            .formatted(parameter, parameter.getDeclaringExecutable()));
        }
        OpenForm form = OpenForm.of(parameter.getParameterizedType());
        return new MBeanParameterInfo(
                parameter.getName(),
                form.javaType().getName(),
                description.value(),
                parameter.isAnnotationPresent(Secret.class)
                        ? new ImmutableDescriptor(Map.of("secret", "true"))
                        : ImmutableDescriptor.EMPTY_DESCRIPTOR);
    }

    /** Those of the superclasses too, among which a kind of MBean may be divided. */
    private static List<Method> methods(Class<?> beanClass) {
        List<Method> all = new ArrayList<>();
        for (Class<?> part = beanClass;
                part != null && part != Object.class;
                part = part.getSuperclass()) {
            all.addAll(Arrays.asList(part.getDeclaredMethods()));
        }
        return all;
    }

    private static MethodHandle unreflect(Method method) {
        try {
            return MethodHandles.lookup().unreflect(method);
        } catch (IllegalAccessException e) {
            throw new IllegalArgumentException("%s cannot be called".formatted(method), e);
        }
    }

    private static Object get(MethodHandle getter, Object bean) {
        try {
            return getter.invokeExact(bean);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a getter threw", e);
        }
    }

    private static Object call(MethodHandle operation, Object bean, Object[] arguments)
            throws Exception {
        try {
            return operation.invokeExact(bean, arguments);
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("an operation threw what is no exception", e);
        }
    }
}
