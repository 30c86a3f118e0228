package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Order;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads the filters of lists. What is wrong with one is said as INVALID. */
final class Filters {
    static final String INTRODUCTION = "Empty for all, or what must apply: ";

    /** What volumes and snapshots are filtered by in the same way. */
    static final String COMMON =
            "state (creating, available, in-use, extending, reverting, deleting, error or error-deleting), older and newer (than so long ago: an ISO-8601 duration of days or less, such as P7D or PT1H), minSize, maxSize (such as 10GiB), label.KEY";

    static final String SORT =
            "; and sort: name, created or size, with - before it for the last first (by itself -created, the newest first)";

    private static final String KEYS =
            "name, state, source, older, newer, minSize, maxSize, label.KEY, sort";

    private static final Set<ObjectState> LISTED =
            EnumSet.complementOf(EnumSet.of(ObjectState.DELETED));

    private final Requests request;

    private Filters(Requests request) {
        this.request = request;
    }

    static Filter ofVolumes(String text) throws OperationException {
        return new Filters(new Requests(text, "backend, pool, " + KEYS)).read(false);
    }

    static Filter ofSnapshots(String text) throws OperationException {
        Filter filter =
                new Filters(new Requests(text, "backend, volume, pool, " + KEYS)).read(true);
        if (filter.volume().isPresent() && filter.backend().isEmpty()) {
            String volume = Names.shortened(filter.volume().get());
            throw Requests.invalid(
                    "volume=%s needs its backend beside it, since a name is unique only there: write backend=NAME,volume=%s"
                            .formatted(volume, volume));
        }
        return filter;
    }

    private Filter read(boolean snapshots) throws OperationException {
        Filter filter =
                new Filter(
                        request.take("backend"),
                        snapshots ? request.take("volume") : Optional.empty(),
                        request.take("pool"),
                        request.take("name"),
                        take("state", Filters::state),
                        request.take("source"),
                        take("older", Filters::age),
                        take("newer", Filters::age),
                        take("minSize", Requests::size),
                        take("maxSize", Requests::size),
                        request.labels(),
                        take("sort", Filters::order).orElse(Order.NEWEST_FIRST));
        request.finish();
        return filter;
    }

    private interface Reading<V> {
        V read(String text) throws OperationException;
    }

    private <V> Optional<V> take(String key, Reading<V> reading) throws OperationException {
        Optional<String> text = request.take(key);
        return text.isEmpty() ? Optional.empty() : Optional.of(reading.read(text.get()));
    }

    private static ObjectState state(String text) throws OperationException {
        if (text.equals(ObjectState.DELETED.toString())) {
            throw Requests.invalid(
                    "state=deleted is in no list of what there is: use listDeleted of the backend");
        }
        return LISTED.stream()
                .filter(state -> state.toString().equals(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                Requests.invalid(
                                        "state=%s is not known: use %s"
                                                .formatted(
                                                        Names.shortened(text),
                                                        LISTED.stream()
                                                                .map(ObjectState::toString)
                                                                .collect(
                                                                        Collectors.joining(
                                                                                ", ")))));
    }

    private static Duration age(String text) throws OperationException {
        try {
            return Duration.parse(text);
        } catch (DateTimeParseException e) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no age: write an ISO-8601 duration of days, hours, minutes or seconds, such as P7D or PT1H"
                            .formatted(Names.shortened(text)),
                    e);
        }
    }

    private static Order order(String text) throws OperationException {
        boolean descending = text.startsWith("-");
        String by = descending ? text.substring(1) : text;
        return Arrays.stream(Order.By.values())
                .filter(known -> known.toString().equals(by))
                .findFirst()
                .map(known -> new Order(known, descending))
                .orElseThrow(
                        () ->
                                Requests.invalid(
                                        "sort=%s is not known: use created, name or size, with - before it for the last first"
                                                .formatted(Names.shortened(text))));
    }
}
