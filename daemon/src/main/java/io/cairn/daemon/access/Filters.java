package io.cairn.daemon.access;

/**
 * What may be deserialized. A connector that is made by hand has no filter at all, and then any
 * class on the class path with a suitable {@code readObject} runs code, before anyone logged in.
 */
final class Filters {
    /** A name and a password. Syntax: {@link java.io.ObjectInputFilter.Config#createFilter}. */
    static final String CREDENTIALS =
            "maxarray=2;maxdepth=3;maxrefs=10;maxbytes=4096;java.lang.String;!*";

    /**
     * What the methods of a JMX connection take: names, scalars, attributes, the JDK's own query
     * expressions and notification filters. An argument travels inside a MarshalledObject, a byte
     * array, so that {@code maxarray} bounds its size as well.
     */
    static final String CALLS =
            "maxarray=65536;maxdepth=20;maxrefs=10000;maxbytes=131072;"
                    + "java.lang.String;java.lang.Boolean;java.lang.Character;"
                    + "java.lang.Number;java.lang.Byte;java.lang.Short;java.lang.Integer;"
                    + "java.lang.Long;java.lang.Float;java.lang.Double;"
                    + "java.lang.Object;java.util.ArrayList;java.util.Vector;"
                    + "java.rmi.MarshalledObject;"
                    + "javax.management.ObjectName;javax.management.Attribute;"
                    + "javax.management.AttributeList;"
                    + "javax.management.QueryEval;javax.management.QueryExp;"
                    + "javax.management.ValueExp;javax.management.AndQueryExp;"
                    + "javax.management.OrQueryExp;javax.management.NotQueryExp;"
                    + "javax.management.BetweenQueryExp;javax.management.BinaryOpValueExp;"
                    + "javax.management.BinaryRelQueryExp;javax.management.InQueryExp;"
                    + "javax.management.InstanceOfQueryExp;javax.management.MatchQueryExp;"
                    + "javax.management.AttributeValueExp;"
                    + "javax.management.ClassAttributeValueExp;"
                    + "javax.management.QualifiedAttributeValueExp;"
                    + "javax.management.BooleanValueExp;javax.management.NumericValueExp;"
                    + "javax.management.StringValueExp;"
                    + "javax.management.NotificationFilterSupport;"
                    + "javax.management.AttributeChangeNotificationFilter;"
                    + "javax.management.relation.MBeanServerNotificationFilter;!*";

    private Filters() {}
}
