package io.cairn.daemon.jmx;

import io.cairn.daemon.driver.LoadedDriver;
import io.cairn.daemon.jmx.Rows.DriverRow;
import io.cairn.daemon.jmx.Rows.OptionRow;
import io.cairn.spi.Option;

import java.util.List;
import java.util.Locale;

/** The drivers that are loaded, as rows and as text. */
final class DriverTexts {
    private DriverTexts() {}

    static DriverRow row(LoadedDriver driver) {
        return new DriverRow(
                driver.name(),
                driver.info().version(),
                driver.info().vendor(),
                driver.info().description(),
                driver.plugin(),
                driver.info().options().size(),
                driver.info().options().stream().map(DriverTexts::row).toList());
    }

    private static OptionRow row(Option option) {
        return new OptionRow(
                option.name(),
                option.type().name().toLowerCase(Locale.ROOT),
                option.required(),
                fallback(option),
                option.secret(),
                String.join(",", option.choices()),
                option.help());
    }

    /** A table of settings below each driver's line. */
    static String text(List<LoadedDriver> drivers) {
        StringBuilder text = new StringBuilder();
        for (LoadedDriver driver : drivers) {
            TextTable table =
                    new TextTable(
                            "SETTING", "TYPE", "REQUIRED", "DEFAULT", "SECRET", "CHOICES", "HELP");
            for (Option option : driver.info().options()) {
                OptionRow row = row(option);
                table.add(
                        row.name(),
                        row.type(),
                        row.required() ? "yes" : "no",
                        row.fallback(),
                        row.secret() ? "yes" : "no",
                        row.choices(),
                        row.help());
            }
            text.append(
                            "%s %s by %s, of plugin %s: %s\n"
                                    .formatted(
                                            driver.name(),
                                            driver.info().version(),
                                            driver.info().vendor(),
                                            driver.plugin(),
                                            driver.info().description()))
                    .append(table.with("\n"));
        }
        return text.append(Texts.number(drivers.size(), "driver")).toString();
    }

    private static String fallback(Option option) {
        return option.fallback().map(text -> option.secret() ? "***" : text).orElse("");
    }
}
