package io.cairn.daemon;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.concurrent.TimeUnit;

/**
 * Has the cache made that lets the next start take half the time, when the launch script says that
 * there is none. Another process makes it, at the lowest priority, so that this one is not slowed:
 * the JVM writes such a cache as it exits, which takes seconds.
 */
final class Warmup {
    private static final Logger LOG = LoggerFactory.getLogger(Warmup.class);

    private Warmup() {}

    /** To be called once the daemon is ready. Returns at once, and never fails. */
    static void begin() {
        String script = System.getProperty("cairn.warm");
        if (script != null) {
            Thread.ofVirtual().name("cairn-warm").start(() -> make(script));
        }
    }

    private static void make(String script) {
        try {
            Process process =
                    new ProcessBuilder("nice", "-n", "19", script, "warm")
                            .redirectOutput(Redirect.DISCARD)
                            .redirectError(Redirect.DISCARD)
                            .start();
            if (!process.waitFor(5, TimeUnit.MINUTES)) {
                process.destroy();
            } else if (process.exitValue() == 0) {
                LOG.info("The next start will be faster: its cache is made");
            } else {
                LOG.warn("No cache for faster starts could be made: {} warm says why", script);
            }
        } catch (IOException e) {
            LOG.warn("No cache for faster starts could be made", e);
        } catch (InterruptedException _) {
            // Nobody interrupts this thread, and without the cache nothing is lost.
        }
    }
}
