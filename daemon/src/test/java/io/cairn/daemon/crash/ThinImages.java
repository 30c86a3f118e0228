package io.cairn.daemon.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Thin volumes, each by the device that it has while it is active. What is not attached is active
 * only as long as it is read or written to here.
 */
final class ThinImages implements Images {
    @Override
    public boolean exists(Path image) throws IOException {
        return device(image).isPresent() || ThinVolumes.all().containsKey(name(image));
    }

    @Override
    public boolean isWritable(Path image) {
        return true;
    }

    @Override
    public Optional<Path> device(Path image) throws IOException {
        return Optional.of(image.normalize()).filter(ThinVolumes.devices()::contains);
    }

    @Override
    public long sizeBytes(Path image) throws IOException {
        String name = name(image);
        return Objects.requireNonNull(ThinVolumes.all().get(name), name).sizeBytes();
    }

    @Override
    public List<byte[]> views(Path image) throws IOException {
        try (Active _ = new Active(image)) {
            return List.of(Files.readAllBytes(image));
        }
    }

    @Override
    public void write(Path image, byte[] bytes, boolean sync) throws IOException {
        try (Active _ = new Active(image)) {
            new PlainImages().write(image, bytes, sync);
        }
    }

    private static String name(Path image) {
        return image.toFile().getName();
    }

    /** Keeps one active that may be so already. */
    private final class Active implements AutoCloseable {
        private final List<String> made;

        Active(Path image) throws IOException {
            made = device(image).isPresent() ? List.of() : List.of(name(image));
            ThinVolumes.activate(made);
        }

        @Override
        public void close() throws IOException {
            ThinVolumes.deactivate(made);
        }
    }
}
