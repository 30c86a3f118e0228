package io.cairn.daemon.crash;

import java.io.IOException;
import java.util.Random;

/** What a client keeps at the daemon under keys of its own. */
final class Kept {
    static final String VALUE = "value";

    /** Stands for no value. */
    static final String NONE = "";

    private static final int KEYS = 3;

    private final String prefix;
    private final Records records;
    private final Requests requests;
    private final Random random;

    Kept(String prefix, Records records, Requests requests, Random random) {
        this.prefix = prefix;
        this.records = records;
        this.requests = requests;
        this.random = random;
    }

    /** Puts a value in place of another, or takes it away. */
    void change(Management daemon) throws IOException {
        String key = prefix + "key" + random.nextInt(KEYS);
        String value = random.nextInt(3) == 0 ? NONE : "value " + random.nextInt(1_000);
        records.keeping(key);
        boolean done =
                requests.set(
                        Versions.key(key, VALUE),
                        value,
                        () -> {
                            if (value.equals(NONE)) {
                                daemon.invoke(Management.DAEMON, "deleteValue", key);
                            } else {
                                daemon.invoke(Management.DAEMON, "putValue", key, value);
                            }
                        });
        records.count("kept values", done);
    }
}
