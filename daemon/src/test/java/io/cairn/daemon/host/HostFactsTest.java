package io.cairn.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a host says of itself, from files such as distributions have them. */
final class HostFactsTest {
    @TempDir private Path root;

    @Test
    void namesAreReadFromTheFilesThatHaveThem() throws Exception {
        put("proc/sys/kernel/hostname", "web1\n");
        put(
                "etc/iscsi/initiatorname.iscsi",
                "## DO NOT EDIT OR REMOVE THIS FILE!\n\n  InitiatorName=iqn.1993-08.org.debian:01:7a1c  \n");
        put("etc/nvme/hostnqn", "\nnqn.2014-08.org.nvmexpress:uuid:4c4c4544-0042\n");
        put("etc/nvme/hostid", "4c4c4544-0042\n");
        put("sys/class/dmi/id/product_uuid", "b1b2b3b4-0000\n");
        HostFacts facts = HostFacts.read(root);
        assertThat(facts.name()).isEqualTo("web1");
        assertThat(facts.connector())
                .containsEntry("host", "web1")
                .containsEntry("initiator", "iqn.1993-08.org.debian:01:7a1c")
                .containsEntry("nqn", "nqn.2014-08.org.nvmexpress:uuid:4c4c4544-0042")
                .containsEntry("nvme_hostid", "4c4c4544-0042")
                .containsEntry("uuid", "b1b2b3b4-0000")
                .containsEntry("os_type", "Linux");
    }

    @Test
    void whatAHostHasNotIsLeftOut() throws Exception {
        put("etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n");
        put("etc/nvme/hostnqn", " \n");
        HostFacts facts = HostFacts.read(root);
        assertThat(facts.name()).isEqualTo("localhost");
        assertThat(facts.connector().keySet())
                .doesNotContain("initiator", "nqn", "nvme_hostid", "uuid");
    }

    @Test
    void theFirstAddressIsAmongAllAndNoneIsOfThisMachineAlone() {
        HostFacts facts = HostFacts.read(root);
        String all = facts.connector().getOrDefault("ips", "");
        assertThat(all).doesNotContain("127.0.0.1", "%", "fe80");
        assertThat(all.split(",", -1)[0]).isEqualTo(facts.connector().getOrDefault("ip", ""));
    }

    private void put(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
