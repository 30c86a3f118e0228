package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.access.Role;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;
import java.util.Set;

import javax.management.MBeanAttributeInfo;
import javax.management.MBeanFeatureInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** The rules that every attribute and operation of every kind of MBean keeps. */
final class BeanInfoTest {
    private static final Set<String> ATTRIBUTE_TYPES =
            Set.of(
                    "long",
                    "int",
                    "double",
                    "boolean",
                    String.class.getName(),
                    ObjectName.class.getName(),
                    ObjectName[].class.getName(),
                    CompositeData.class.getName(),
                    CompositeData[].class.getName());
    private static final Set<String> PARAMETER_TYPES =
            Set.of("long", "int", "boolean", String.class.getName());
    private static final Set<String> NUMBERS = Set.of("long", "int", "double");

    static List<MBeanInfo> infos() {
        return List.of(
                ManagementBeans.DAEMON.info(),
                ManagementBeans.BACKEND.info(),
                VirtualObjects.POOL.info(),
                VirtualObjects.VOLUME.info(),
                VirtualObjects.SNAPSHOT.info());
    }

    @ParameterizedTest
    @MethodSource("infos")
    void everythingIsDescribed(MBeanInfo info) {
        assertThat(info.getDescription()).hasSizeGreaterThan(10);
        assertThat(info.getAttributes()).allSatisfy(BeanInfoTest::isDescribed);
        assertThat(info.getOperations()).allSatisfy(BeanInfoTest::isDescribed);
        assertThat(info.getNotifications()).allSatisfy(BeanInfoTest::isDescribed);
        for (MBeanOperationInfo operation : info.getOperations()) {
            assertThat(operation.getSignature()).allSatisfy(BeanInfoTest::isDescribed);
        }
    }

    @ParameterizedTest
    @MethodSource("infos")
    void attributesAreReadOnlyAndOfOpenTypes(MBeanInfo info) {
        assertThat(info.getAttributes())
                .isNotEmpty()
                .allSatisfy(
                        attribute -> {
                            assertThat(attribute.getType()).isIn(ATTRIBUTE_TYPES);
                            assertThat(attribute.isReadable()).isTrue();
                            assertThat(attribute.isWritable()).isFalse();
                            assertThat(attribute.getName()).matches("[A-Z][A-Za-z0-9]+");
                        });
    }

    @ParameterizedTest
    @MethodSource("infos")
    void aUnitStandsInTheNameAndInTheDescriptor(MBeanInfo info) {
        for (MBeanAttributeInfo attribute : info.getAttributes()) {
            Object units = attribute.getDescriptor().getFieldValue("units");
            for (Unit unit : Unit.values()) {
                if (unit != Unit.NONE && NUMBERS.contains(attribute.getType())) {
                    assertThat(unit.toString().equals(units))
                            .as("%s in %s", attribute.getName(), units)
                            .isEqualTo(attribute.getName().endsWith(unit.suffix()));
                }
            }
            assertThat(attribute.getDescriptor().getFieldValue("metricType") != null)
                    .as(attribute.getName())
                    .isEqualTo(NUMBERS.contains(attribute.getType()));
        }
    }

    @ParameterizedTest
    @MethodSource("infos")
    void operationsAreSimpleAndSayWhoMayAndWhatTheyDo(MBeanInfo info) {
        for (MBeanOperationInfo operation : info.getOperations()) {
            assertThat(operation.getName()).matches("[a-z][A-Za-z0-9]+");
            assertThat(operation.getSignature()).hasSizeLessThanOrEqualTo(4);
            for (MBeanParameterInfo parameter : operation.getSignature()) {
                assertThat(parameter.getType()).isIn(PARAMETER_TYPES);
                assertThat(parameter.getName()).matches("[a-z][A-Za-z]+").doesNotMatch("p[0-9]+");
            }
            Role role = Role.parse((String) operation.getDescriptor().getFieldValue(Role.FIELD));
            if (operation.getImpact() == MBeanOperationInfo.ACTION) {
                assertThat(role).isNotEqualTo(Role.READER);
                // A script that makes a volume larger wants to know how large it is.
                assertThat(operation.getReturnType())
                        .isEqualTo(
                                operation.getName().startsWith("extend")
                                        ? "long"
                                        : String.class.getName());
            } else {
                assertThat(operation.getImpact()).isEqualTo(MBeanOperationInfo.INFO);
                assertThat(operation.getReturnType()).isIn(ATTRIBUTE_TYPES);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("infos")
    void noOperationIsOverloadedOrHasForce(MBeanInfo info) {
        assertThat(Arrays.stream(info.getOperations()).map(MBeanOperationInfo::getName))
                .doesNotHaveDuplicates();
        assertThat(
                        Arrays.stream(info.getOperations())
                                .flatMap(operation -> Arrays.stream(operation.getSignature()))
                                .map(MBeanParameterInfo::getName))
                .doesNotContain("force");
    }

    @ParameterizedTest
    @MethodSource("infos")
    void aListThatReturnsRowsHasATwinThatReturnsText(MBeanInfo info) {
        List<String> names =
                Arrays.stream(info.getOperations()).map(MBeanOperationInfo::getName).toList();
        assertThat(names)
                .filteredOn(name -> name.startsWith("list") && !name.endsWith("Text"))
                .allSatisfy(name -> assertThat(names).contains(name + "Text"));
    }

    private static void isDescribed(MBeanFeatureInfo feature) {
        assertThat(feature.getDescription())
                .as(feature.getName())
                .isNotEqualTo(feature.getName())
                .hasSizeGreaterThan(10);
    }
}
