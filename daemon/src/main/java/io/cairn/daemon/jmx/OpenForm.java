package io.cairn.daemon.jmx;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

import javax.management.ObjectName;
import javax.management.openmbean.ArrayType;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.CompositeDataSupport;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.OpenDataException;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.SimpleType;

/**
 * How a value of ours leaves: texts, numbers and ObjectNames as they are, a record as
 * CompositeData, a list as an array. Every other type is refused when the form is made, so that
 * none gets out. Immutable.
 *
 * @param type its open type
 * @param javaType the class that clients get
 * @param toOpen makes the value that clients get
 */
record OpenForm(OpenType<?> type, Class<?> javaType, UnaryOperator<Object> toOpen) {
    private static final Map<Class<?>, OpenType<?>> SIMPLE =
            Map.of(
                    String.class, SimpleType.STRING,
                    long.class, SimpleType.LONG,
                    int.class, SimpleType.INTEGER,
                    boolean.class, SimpleType.BOOLEAN,
                    double.class, SimpleType.DOUBLE,
                    ObjectName.class, SimpleType.OBJECTNAME);

    static OpenForm of(Type type) {
        if (type instanceof Class<?> plain) {
            OpenType<?> simple = SIMPLE.get(plain);
            if (simple != null) {
                return new OpenForm(simple, plain, UnaryOperator.identity());
            }
            if (plain.isRecord()) {
                return ofRecord(plain);
            }
        }
        if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            return ofList(of(list.getActualTypeArguments()[0]));
        }
        throw new IllegalArgumentException("%s has no open form".formatted(type.getTypeName()));
    }

    /** A record as CompositeData. */
    static CompositeData open(Record row) {
        return (CompositeData) FORMS.get(row.getClass()).toOpen.apply(row);
    }

    private static final ClassValue<OpenForm> FORMS =
            new ClassValue<>() {
                @Override
                protected OpenForm computeValue(Class<?> type) {
                    return makeRecord(type);
                }
            };

    private static OpenForm ofRecord(Class<?> type) {
        return FORMS.get(type);
    }

    private static OpenForm ofList(OpenForm element) {
        try {
            return new OpenForm(
                    new ArrayType<>(1, element.type),
                    element.javaType.arrayType(),
                    value -> {
                        List<?> items = (List<?>) value;
                        Object array = Array.newInstance(element.javaType, items.size());
                        for (int i = 0; i < items.size(); i++) {
                            Array.set(array, i, element.toOpen.apply(items.get(i)));
                        }
                        return array;
                    });
        } catch (OpenDataException e) {
            throw new IllegalArgumentException("no array of " + element.type, e);
        }
    }

    private static OpenForm makeRecord(Class<?> type) {
        List<String> names = new ArrayList<>();
        List<String> descriptions = new ArrayList<>();
        List<OpenForm> forms = new ArrayList<>();
        List<MethodHandle> accessors = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            Description description = component.getAnnotation(Description.class);
            if (description == null) {
                throw new IllegalArgumentException("%s has no description".formatted(component));
            }
            names.add(component.getName());
            descriptions.add(description.value());
            forms.add(of(component.getGenericType()));
            try {
                accessors.add(
                        MethodHandles.lookup()
                                .unreflect(component.getAccessor())
                                .asType(MethodType.methodType(Object.class, Object.class)));
            } catch (IllegalAccessException e) {
                throw new IllegalArgumentException("%s cannot be read".formatted(component), e);
            }
        }
        String[] keys = names.toArray(String[]::new);
        CompositeType composite;
        try {
            composite =
                    new CompositeType(
                            type.getSimpleName(),
                            description(type),
                            keys,
                            descriptions.toArray(String[]::new),
                            forms.stream().map(OpenForm::type).toArray(OpenType<?>[]::new));
        } catch (OpenDataException e) {
            throw new IllegalArgumentException("%s cannot be a row".formatted(type), e);
        }
        return new OpenForm(
                composite,
                CompositeData.class,
                row -> {
                    Object[] values = new Object[keys.length];
                    for (int i = 0; i < keys.length; i++) {
                        values[i] = forms.get(i).toOpen.apply(read(accessors.get(i), row));
                    }
                    try {
                        return new CompositeDataSupport(composite, keys, values);
                    } catch (OpenDataException e) {
                        throw new IllegalStateException(
                                "%s does not fit its type".formatted(row), e);
                    }
                });
    }

    static String description(Class<?> type) {
        Description description = type.getAnnotation(Description.class);
        if (description == null) {
            throw new IllegalArgumentException("%s has no description".formatted(type));
        }
        return description.value();
    }

    private static Object read(MethodHandle accessor, Object row) {
        try {
            return accessor.invokeExact(row);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("an accessor of a record threw", e);
        }
    }
}
