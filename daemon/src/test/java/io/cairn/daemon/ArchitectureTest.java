package io.cairn.daemon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;

/** The boundaries between the daemon's packages. */
final class ArchitectureTest {
    private final JavaClasses classes =
            new ClassFileImporter().importPath(Path.of("target/classes"));

    @Test
    void onlyTheManagementPackagesKnowJmx() {
        noClasses()
                .that()
                .resideOutsideOfPackages("..daemon.jmx..", "..daemon.access..", "io.cairn.daemon")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("..daemon.jmx..", "javax.management..")
                .check(classes);
    }

    @Test
    void onlyTheStoreAndWhatIsInItKnowSql() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        "..daemon.store..", "..daemon.volume..", "..daemon.keyvalue..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "javax.sql..", "org.jdbi..", "org.hsqldb..")
                .check(classes);
    }

    @Test
    void theDaemonKnowsNoDriver() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.cairn.plugin..", "io.cairn.tck..")
                .check(classes);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.cairn.daemon.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void namesSayWhatAThingHolds() {
        noClasses()
                .should()
                .haveSimpleNameEndingWith("Util")
                .orShould()
                .haveSimpleNameEndingWith("Utils")
                .orShould()
                .haveSimpleNameEndingWith("Helper")
                .orShould()
                .haveSimpleNameEndingWith("Manager")
                .orShould()
                .haveSimpleNameEndingWith("Impl")
                .check(classes);
    }
}
