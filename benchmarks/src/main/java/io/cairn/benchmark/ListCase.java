package io.cairn.benchmark;

import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.ObjectState;
import io.cairn.daemon.volume.Order;
import io.cairn.daemon.volume.Order.By;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A list that is measured: every filter in every order.
 *
 * @param what in words
 */
record ListCase(String what, Filter filter) {
    static List<ListCase> all(boolean snapshots) {
        List<ListCase> cases = new ArrayList<>();
        for (By by : By.values()) {
            for (boolean descending : new boolean[] {true, false}) {
                Order order = new Order(by, descending);
                Optional<String> none = Optional.empty();
                add(cases, "all", order, none, none, none, Map.of());
                add(cases, "name, many", order, Optional.of("d*"), none, none, Map.of());
                add(cases, "name, few", order, Optional.of("d77*"), none, none, Map.of());
                add(cases, "label, half", order, none, none, none, Map.of("half", "1"));
                add(cases, "label, rare", order, none, none, none, Map.of("rare", "1"));
                add(
                        cases,
                        "source",
                        order,
                        none,
                        none,
                        Optional.of(
                                snapshots
                                        ? Seed.bareVolume(1).toString()
                                        : Seed.bareVolume(0).toString()),
                        Map.of());
                add(cases, "pool, rare", order, none, Optional.of("rare"), none, Map.of());
                add(cases, "pool, most", order, none, Optional.of("default"), none, Map.of());
                add(
                        cases,
                        "name, few, and label, half",
                        order,
                        Optional.of("d77*"),
                        none,
                        none,
                        Map.of("half", "1"));
                add(
                        cases,
                        "two labels and a pool",
                        order,
                        none,
                        Optional.of("default"),
                        none,
                        Map.of("half", "1", "rare", "1"));
                for (ObjectState state :
                        List.of(ObjectState.AVAILABLE, ObjectState.IN_USE, ObjectState.DELETING)) {
                    cases.add(
                            bounded(
                                    "state " + state,
                                    order,
                                    Optional.of(state),
                                    Optional.empty(),
                                    Optional.empty()));
                }
                cases.add(aged("older, most", order, Duration.ofHours(2)));
                cases.add(aged("older, few", order, Duration.ofMinutes(1_660)));
                cases.add(
                        bounded(
                                "size, half",
                                order,
                                Optional.empty(),
                                Optional.of(25L << 30),
                                Optional.empty()));
                cases.add(
                        bounded(
                                "size, few",
                                order,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(1L << 30)));
            }
        }
        return cases;
    }

    private static void add(
            List<ListCase> cases,
            String what,
            Order order,
            Optional<String> name,
            Optional<String> pool,
            Optional<String> source,
            Map<String, String> labels) {
        cases.add(
                new ListCase(
                        what + ", by " + order,
                        new Filter(
                                Optional.empty(),
                                Optional.empty(),
                                pool,
                                name,
                                Optional.empty(),
                                source,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                labels,
                                order)));
    }

    private static ListCase bounded(
            String what,
            Order order,
            Optional<ObjectState> state,
            Optional<Long> minSize,
            Optional<Long> maxSize) {
        return new ListCase(
                what + ", by " + order,
                new Filter(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        state,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        minSize,
                        maxSize,
                        Map.of(),
                        order));
    }

    private static ListCase aged(String what, Order order, Duration older) {
        return new ListCase(
                what + ", by " + order,
                new Filter(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(older),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Map.of(),
                        order));
    }
}
