package io.cairn.plugin.faulty;

import io.cairn.plugin.faulty.Schedule.Signature;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Offers a driver that wraps another one of the same plugin folder, and has its calls go wrong. Its
 * settings are that one's and its own, whose names begin with {@code faulty.}; {@link Kind} and
 * {@link Drill} say what they mean.
 */
public final class FaultyDriverProvider implements DriverProvider {
    static final String NAME = "faulty";

    /** What a schedule and a control file call the opening of the backend. */
    static final String OPEN = "open";

    static final String DRIVER = "faulty.driver";
    static final String FOLDER = "faulty.folder";
    static final String SEED = "faulty.seed";
    static final String EVERY = "faulty.every";
    static final String KINDS = "faulty.kinds";
    static final String CALLS = "faulty.calls";
    static final String LATE = "faulty.late";

    private static final List<Option> OPTIONS =
            List.of(
                    Option.required(
                            DRIVER,
                            Option.Type.TEXT,
                            "The name of the driver whose calls go wrong; its jars lie in the"
                                    + " same plugin folder."),
                    Option.required(
                            FOLDER,
                            Option.Type.PATH,
                            "The folder for the file '"
                                    + Drill.CONTROL
                                    + "', by which the drill is led, and for '"
                                    + Drill.LOG
                                    + "': for the daemon's user alone to write to."),
                    Option.optional(
                            SEED,
                            Option.Type.INTEGER,
                            "0",
                            "From which it follows which calls go wrong, and how."),
                    Option.optional(
                            EVERY,
                            Option.Type.INTEGER,
                            "0",
                            "One call of so many goes wrong on average; 0 for only those that"
                                    + " the control file says."),
                    Option.optional(
                            KINDS,
                            Option.Type.TEXT,
                            Schedule.ALL,
                            "How they go wrong: words with commas between them, each with a"
                                    + " colon and its weight if that is not 1."),
                    Option.optional(
                            CALLS,
                            Option.Type.TEXT,
                            Schedule.ALL,
                            "Which calls go wrong: names with commas between them."),
                    Option.optional(
                            LATE,
                            Option.Type.DURATION,
                            "PT0.5S",
                            "How long calls wait that are late."));

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                Objects.requireNonNullElse(
                        getClass().getPackage().getImplementationVersion(), "unpackaged"),
                "Cairn",
                "Has calls of another driver go wrong, for drills; not for anything that matters.",
                Stream.concat(OPTIONS.stream(), Others.find().options().stream()).toList());
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings)
            throws DriverException, InterruptedException {
        Others others = Others.find();
        DriverProvider wrapped = others.provider(settings.text(DRIVER));
        Settings theirs = others.settings(wrapped, settings);
        Faults faults =
                new Faults(
                        Drill.open(settings.path(FOLDER), schedule(settings), wrapped.name()),
                        settings.duration(LATE));
        Driver driver =
                faults.call(
                        new Signature(OPEN, Driver.class),
                        List.of(),
                        new Faults.Call<>() {
                            @Override
                            public Driver make() throws DriverException, InterruptedException {
                                return wrapped.open(self, theirs);
                            }

                            @Override
                            public void discard(Driver answer) {
                                answer.close();
                            }
                        });
        return driver == null ? driver : Wrapping.wrap(driver, faults);
    }

    private static Schedule schedule(Settings settings) throws DriverException {
        try {
            return Schedule.read(
                    settings.integer(SEED),
                    settings.integer(EVERY),
                    settings.text(KINDS),
                    settings.text(CALLS));
        } catch (IllegalArgumentException e) {
            throw new DriverException(
                    DriverException.Kind.INVALID,
                    "the drill cannot be planned: %s".formatted(e.getMessage()),
                    e);
        }
    }
}
