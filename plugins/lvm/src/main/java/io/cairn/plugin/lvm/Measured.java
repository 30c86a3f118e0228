package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.FAULT;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;
import io.cairn.spi.Measuring;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.util.List;

/** What only one snapshot has mapped, as {@code thin_ls} counts it. */
final class Measured implements Measuring {
    private final Calling calling;
    private final Lookup lookup;
    private final ThinTool tool;

    Measured(Calling calling, Lookup lookup, ThinTool tool) {
        this.calling = calling;
        this.lookup = lookup;
        this.tool = tool;
    }

    @Override
    public long freedByDeleting(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        String what = "measure snapshot %s of volume %s".formatted(id, volume);
        long thinId =
                calling.call(
                        what,
                        os ->
                                there(
                                                lookup.snapshot(os, id, volume),
                                                "the volume has no such snapshot")
                                        .thinId());
        return calling.calls()
                .call(
                        what,
                        os ->
                                tool.run(
                                        os,
                                        ThinTool.ONE,
                                        List.of("--no-headers", "--format", "DEV,EXCLUSIVE_BYTES"),
                                        output -> exclusiveBytes(output, thinId)));
    }

    private static long exclusiveBytes(InputStream output, long thinId)
            throws OsException, IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(output, UTF_8));
        long bytes = -1;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] columns = line.strip().split("\\s+", -1);
            if (columns.length == 2 && columns[0].equals(Long.toString(thinId))) {
                bytes = Long.parseLong(columns[1]);
            }
        }
        if (bytes < 0) {
            throw new OsException(FAULT, "%s does not list it".formatted(ThinTool.ONE));
        }
        return bytes;
    }
}
