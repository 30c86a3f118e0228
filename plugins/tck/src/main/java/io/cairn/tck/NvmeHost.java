package io.cairn.tck;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The kernel as an NVMe host, by /dev/nvme-fabrics, for as long as this is open. */
public final class NvmeHost implements AutoCloseable {
    private static final String FABRICS = "/dev/nvme-fabrics";
    private static final Path CONTROLLERS = Path.of("/sys/class/nvme");
    private static final Path BLOCK = Path.of("/sys/block");
    private static final long PATIENCE_SECONDS = 20;

    private final Path controller;

    private NvmeHost(Path controller) {
        this.controller = controller;
    }

    /**
     * Connects.
     *
     * @param info what the export says
     * @param host the host's NQN
     * @param secret as the export has it; empty for none
     * @throws IOException if it is not let in
     */
    public static NvmeHost connect(Map<String, String> info, String host, String secret)
            throws IOException {
        String words =
                "transport=%s,traddr=%s,trsvcid=%s,nqn=%s,hostnqn=%s,hostid=%s,ctrl_loss_tmo=1"
                        .formatted(
                                info.get("transport_type"),
                                info.get("target_portal"),
                                info.get("target_port"),
                                info.get("target_nqn"),
                                host,
                                "4c4c4544-0042-3510-8052-c4c04f4d3432");
        try (RandomAccessFile fabrics = new RandomAccessFile(FABRICS, "rw")) {
            fabrics.write(
                    (secret.isEmpty() ? words : words + ",dhchap_secret=" + secret)
                            .getBytes(UTF_8));
            byte[] answer = new byte[256];
            int length = fabrics.read(answer);
            // As in "instance=0,cntlid=1".
            String said = new String(answer, 0, length, UTF_8);
            return new NvmeHost(
                    CONTROLLERS.resolve(
                            "nvme" + said.replaceFirst("(?s)instance=([0-9]+).*", "$1")));
        }
    }

    /** The block device of a volume, by its UUID. */
    public Path device(String uuid) throws IOException, InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            for (String name : names(BLOCK)) {
                Path its = BLOCK.resolve(name).resolve("uuid");
                if (name.startsWith("nvme")
                        && Files.exists(its)
                        && Files.readString(its).strip().equals(uuid)) {
                    return Path.of("/dev", name);
                }
            }
            if (System.nanoTime() - until > 0) {
                throw new IOException("no device of " + uuid);
            }
            Thread.sleep(50);
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(each -> each.toFile().getName()).toList();
        }
    }

    @Override
    public void close() throws IOException {
        Path delete = controller.resolve("delete_controller");
        // Where the target has taken it away, it goes by itself.
        if (Files.exists(delete)) {
            Files.writeString(delete, "1");
        }
    }
}
