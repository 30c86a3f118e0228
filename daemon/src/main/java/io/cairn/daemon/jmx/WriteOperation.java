package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Role;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A method that is an operation which changes something. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface WriteOperation {
    /** The operation's description. */
    String value();

    /** The least role that may invoke it. */
    Role role();
}
