package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

import javax.management.ObjectName;

/** Waits until a daemon has nothing left to do. */
final class AtRest {
    /** For what was left unfinished; the daemon tries again every five seconds. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Said of what cannot be merged as long as several volumes in use have it open. */
    private static final String WAITING = "(look for layers to merge)?";

    private final Management management;
    private final Records records;
    private final Path backend;

    AtRest(Management management, Records records, Path backend) {
        this.management = management;
        this.records = records;
        this.backend = backend;
    }

    /**
     * Waits for all of it.
     *
     * @return the ids of what was in the trash until then
     */
    Set<String> await() throws Exception {
        ObjectName files = Management.backend(BACKEND);
        soon("a backend that is up").until(() -> management.text(files, "State").equals("up"));
        soon("nothing unfinished")
                .until(() -> management.number(Management.DAEMON, "UnfinishedCount") == 0);
        // Not at once, when the daemon may not have begun.
        Awaitility.await("devices that were looked at")
                .atMost(PATIENCE)
                .until(() -> attached() == records.layout().devices(backend).size());
        Set<String> trashed = management.trashed(BACKEND);
        emptyTrash();
        awaitRest();
        return trashed;
    }

    /** How many connections are said to be attached; after a loss of power none is. */
    private long attached() throws Exception {
        return management
                .connections(BACKEND)
                .lines()
                .filter(line -> line.contains(" attached "))
                .count();
    }

    /** Waits for what is done in the background: nothing is left of it that can be done now. */
    private void awaitRest() {
        soon("nothing left to merge or to remove, and nothing said to be")
                .ignoreException(NoSuchFileException.class)
                .untilAsserted(
                        () -> {
                            String work =
                                    management.text(Management.backend(BACKEND), "BackgroundWork");
                            Remains remains = records.layout().remains(backend);
                            assertThat(remains.problems()).describedAs(work).isEmpty();
                            assertThat(work)
                                    .matches(
                                            remains.waiting()
                                                    ? WAITING
                                                    : records.layout().goesOn());
                        });
    }

    /** Looks at once, and often, since most of what is waited for is there already. */
    private static ConditionFactory soon(String what) {
        return Awaitility.await(what)
                .atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20));
    }

    /** What is in it is not lost, and is not to be there any more afterwards either. */
    private void emptyTrash() throws Exception {
        ObjectName files = Management.backend(BACKEND);
        records.count("found in the trash", management.number(files, "TrashCount"));
        String _ = management.invoke(files, "emptyTrash", BACKEND);
        soon("nothing in the trash")
                .untilAsserted(
                        () ->
                                assertThat(management.number(files, "TrashCount"))
                                        .describedAs(management.text(files, "TrashProblem"))
                                        .isZero());
    }
}
