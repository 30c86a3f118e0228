package io.cairn.daemon.jmx;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What clients show of a kind of MBean, an operation's parameter, or a column of a row. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.PARAMETER, ElementType.RECORD_COMPONENT})
@interface Description {
    String value();
}
