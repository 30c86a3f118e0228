package io.cairn.plugin.local;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The NBD servers that can be used, the better one first. Each goes into the background by itself
 * once it listens, and is told apart from any other process by its command line.
 */
public enum NbdProgram {
    NBDKIT("nbdkit") {
        @Override
        public List<String> launcher() {
            // It stays in the session that it was started in, and would end with it.
            return List.of("setsid");
        }

        // It asks the file for each client that connects.
        @Override
        public boolean growing() {
            return true;
        }

        @Override
        public List<String> arguments(Order order) {
            List<String> address =
                    switch (order.address()) {
                        case UnixDomainSocketAddress unix -> List.of("--unix", unix.toString());
                        case InetSocketAddress inet ->
                                List.of(
                                        "--ipaddr",
                                        inet.getHostString(),
                                        "--port",
                                        Integer.toString(inet.getPort()));
                        default -> throw new IllegalStateException(String.valueOf(order.address()));
                    };
            List<String> arguments = new ArrayList<>(address);
            if (order.readOnly()) {
                arguments.add("--readonly");
            }
            arguments.addAll(
                    List.of(
                            "--exportname",
                            order.export(),
                            PID_FILE,
                            order.pidFile().toString(),
                            "file",
                            "file=" + order.image()));
            return arguments;
        }

        @Override
        public boolean readOnly(List<String> commandLine) {
            return commandLine.contains("--readonly");
        }

        @Override
        public SocketAddress address(List<String> commandLine) {
            String socket = after(commandLine, "--unix");
            return socket.isEmpty()
                    ? loopback(after(commandLine, "--port"))
                    : UnixDomainSocketAddress.of(socket);
        }
    },
    QEMU("qemu-storage-daemon") {
        // It asks the file once, when it starts.
        @Override
        public boolean growing() {
            return false;
        }

        @Override
        public List<String> arguments(Order order) {
            String access = order.readOnly() ? "on" : "off";
            // Its driver for files takes no devices.
            boolean file = Files.isRegularFile(Path.of(order.image()));
            String image =
                    "{\"driver\":\"raw\",\"node-name\":\"image\",\"read-only\":%s,\"discard\":\"unmap\",\"file\":{\"driver\":\"%s\",\"filename\":\"%s\",\"read-only\":%s,\"auto-read-only\":false,\"discard\":\"unmap\"}}"
                            .formatted(
                                    order.readOnly(),
                                    file ? "file" : "host_device",
                                    json(order.image()),
                                    order.readOnly());
            String address =
                    switch (order.address()) {
                        case UnixDomainSocketAddress unix ->
                                UNIX + unix.toString().replace(",", ",,");
                        case InetSocketAddress inet ->
                                INET
                                        + "addr.host=%s,addr.port=%d"
                                                .formatted(inet.getHostString(), inet.getPort());
                        default -> throw new IllegalStateException(String.valueOf(order.address()));
                    };
            return List.of(
                    "--blockdev",
                    image,
                    "--nbd-server",
                    address,
                    "--export",
                    "type=nbd,id=export,node-name=image,name=%s,writable=%s"
                            .formatted(order.export(), access.equals("on") ? "off" : "on"),
                    "--daemonize",
                    PID_FILE,
                    order.pidFile().toString());
        }

        @Override
        public boolean readOnly(List<String> commandLine) {
            return after(commandLine, "--export").endsWith(",writable=off");
        }

        @Override
        public SocketAddress address(List<String> commandLine) {
            String address = after(commandLine, "--nbd-server");
            return address.startsWith(UNIX)
                    ? UnixDomainSocketAddress.of(
                            address.substring(UNIX.length()).replace(",,", ","))
                    : loopback(address.substring(address.lastIndexOf('=') + 1));
        }
    };

    /** Stands for the first one that is installed. */
    public static final String ANY = "auto";

    private static final String UNIX = "addr.type=unix,addr.path=";
    private static final String INET = "addr.type=inet,";
    private static final String PID_FILE = "--pidfile";
    private static final byte[] LOOPBACK = {127, 0, 0, 1};

    private final String program;

    NbdProgram(String program) {
        this.program = program;
    }

    /** What is to be served, and where. */
    public record Order(
            String image, String export, boolean readOnly, SocketAddress address, Path pidFile) {}

    /** The command that starts it; empty if it needs none. */
    public List<String> launcher() {
        return List.of();
    }

    /** Whether clients that connect later see what was added to a file meanwhile. */
    public abstract boolean growing();

    public abstract List<String> arguments(Order order);

    public abstract boolean readOnly(List<String> commandLine);

    public abstract SocketAddress address(List<String> commandLine);

    public String program() {
        return program;
    }

    /**
     * The program to use on this machine.
     *
     * @param wanted its name, or what stands for any
     */
    public static Optional<NbdProgram> first(String wanted) {
        return Arrays.stream(values())
                .filter(each -> wanted.equals(ANY) || wanted.equals(each.program))
                .filter(each -> each.installed().isPresent())
                .findFirst();
    }

    /** Where the program is installed, if it is. */
    public Optional<Path> installed() {
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/bin:/usr/local/bin";
        for (String folder : path.split(":", -1)) {
            if (folder.startsWith("/")) {
                Path candidate = Path.of(folder, program);
                if (Files.isExecutable(candidate)) {
                    return Optional.of(candidate);
                }
            }
        }
        return Optional.empty();
    }

    /** Whether a process is this program, serving what has that pid file. */
    public boolean isServing(List<String> commandLine, Path pidFile) {
        List<String> own = launched(commandLine);
        return !own.isEmpty()
                && own.getFirst().endsWith("/" + program)
                && after(own, PID_FILE).equals(pidFile.toString());
    }

    /** Without what launches it, which is the same process until it is the program itself. */
    private List<String> launched(List<String> commandLine) {
        List<String> launcher = launcher();
        for (int i = 0; i < launcher.size(); i++) {
            if (i >= commandLine.size()
                    || !("/" + commandLine.get(i)).endsWith("/" + launcher.get(i))) {
                return commandLine;
            }
        }
        return commandLine.subList(launcher.size(), commandLine.size());
    }

    public static InetSocketAddress loopback(String port) {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress("127.0.0.1", LOOPBACK), Integer.parseInt(port));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String after(List<String> commandLine, String option) {
        int at = commandLine.indexOf(option);
        return at < 0 || at + 1 >= commandLine.size() ? "" : commandLine.get(at + 1);
    }

    private static String json(String text) {
        StringBuilder quoted = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append("\\u%04x".formatted((int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.toString();
    }
}
