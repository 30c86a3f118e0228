package io.cairn.plugin.qcow2;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Certificates of a server and a client by an authority of their own, under QEMU's names. */
final class StorageDaemonCertificates {
    private StorageDaemonCertificates() {}

    /** Makes them with openssl; skips the case where it is missing. */
    static Path make(Path folder) throws IOException {
        Files.createDirectories(folder);
        openssl(
                "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout %s/ca-key.pem -out %s/ca-cert.pem -addext keyUsage=keyCertSign",
                folder);
        sign(folder, "server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
        sign(folder, "client", "extendedKeyUsage=clientAuth\n");
        return folder;
    }

    private static void sign(Path folder, String name, String extensions) throws IOException {
        Path _ =
                Files.writeString(
                        folder.resolve(name + ".ext"),
                        "basicConstraints=CA:false\nkeyUsage=digitalSignature,keyEncipherment\n"
                                + extensions);
        openssl(
                "req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout %s/"
                        + name
                        + "-key.pem -out %s/"
                        + name
                        + ".csr",
                folder);
        openssl(
                "x509 -req -days 2 -CA %s/ca-cert.pem -CAkey %s/ca-key.pem -CAcreateserial -in %s/NAME.csr -out %s/NAME-cert.pem -extfile %s/NAME.ext"
                        .replace("NAME", name),
                folder);
    }

    private static void openssl(String arguments, Path folder) throws IOException {
        String command = "openssl " + arguments.replace("%s", folder.toString());
        String _ = StorageDaemonFixture.run(command.split(" ", -1));
    }
}
