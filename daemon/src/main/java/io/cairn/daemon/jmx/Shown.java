package io.cairn.daemon.jmx;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A method whose result is an attribute, named as the method with a capital first letter. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Shown {
    /** The attribute's description. */
    String value();

    Unit unit() default Unit.NONE;

    /** Whether the number only grows as long as the daemon runs. */
    boolean counter() default false;
}
