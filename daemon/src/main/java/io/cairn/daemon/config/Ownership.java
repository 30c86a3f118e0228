package io.cairn.daemon.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Who else can change or read what the daemon trusts. */
public final class Ownership {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");

    private Ownership() {}

    /**
     * What lets somebody else than the daemon's user and root change a file or folder, in words for
     * the operator; empty if nothing does. Follows links. A group that is named as its owner counts
     * as the owner: it is the private group that most Linux systems give each user.
     */
    public static Optional<String> writableByOthers(Path path) {
        try {
            PosixFileAttributes file = Files.readAttributes(path, PosixFileAttributes.class);
            String owner = file.owner().getName();
            if (!owner.equals("root") && !owner.equals(System.getProperty("user.name"))) {
                return Optional.of(
                        "%s belongs to user %s, who could change it: chown it to the daemon's user"
                                .formatted(path, owner));
            }
            if (file.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
                return Optional.of("%s can be changed by everyone: chmod o-w it".formatted(path));
            }
            if (file.permissions().contains(PosixFilePermission.GROUP_WRITE)
                    && !file.group().getName().equals(owner)) {
                return Optional.of(
                        "%s can be changed by group %s: chmod g-w it"
                                .formatted(path, file.group().getName()));
            }
            return Optional.empty();
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.of("%s: cannot tell who may change it: %s".formatted(path, e));
        }
    }

    /** As {@link #writableByOthers}, for a file that nobody else may read either. */
    public static Optional<String> readableByOthers(Path path) {
        Optional<String> problem = writableByOthers(path);
        if (problem.isPresent()) {
            return problem;
        }
        try {
            Set<PosixFilePermission> more = EnumSet.copyOf(Files.getPosixFilePermissions(path));
            more.removeAll(OWNER_ONLY);
            return more.isEmpty()
                    ? Optional.empty()
                    : Optional.of("%s can be read by others: chmod 600 it".formatted(path));
        } catch (IOException e) {
            return Optional.of("%s: cannot tell who may read it: %s".formatted(path, e));
        }
    }
}
