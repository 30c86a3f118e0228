package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;

import io.cairn.plugin.local.Ranges;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Differing;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/** Where snapshots differ, as {@code thin_delta} and {@code thin_dump} tell it in XML. */
final class Differences implements Differing {
    private static final String DELTA = "thin_delta";
    private static final String DUMP = "thin_dump";
    private static final String SINGLE = "single_mapping";
    private static final int SECTOR = 512;

    /** The elements that tell a difference, and which attributes say where it begins. */
    private static final Map<String, String> CHANGED =
            Map.of("different", "begin", "left_only", "begin", "right_only", "begin");

    /** Those of what is mapped at all. */
    private static final Map<String, String> MAPPED =
            Map.of("range_mapping", "origin_begin", SINGLE, "origin_block");

    private final Calling calling;
    private final Lookup lookup;
    private final ThinTool tool;

    Differences(Calling calling, Lookup lookup, ThinTool tool) {
        this.calling = calling;
        this.lookup = lookup;
        this.tool = tool;
    }

    private record Pair(LogicalVolume snapshot, Optional<LogicalVolume> base) {}

    @Override
    public List<ChangedRange> changed(
            VolumeId volume,
            SnapshotId snapshot,
            Optional<SnapshotId> base,
            long fromByte,
            int most)
            throws DriverException, InterruptedException {
        String what = "compare snapshot %s of volume %s".formatted(snapshot, volume);
        Pair pair =
                calling.call(
                        what,
                        os -> {
                            String none = "the volume has no such snapshot: ";
                            LogicalVolume one =
                                    there(lookup.snapshot(os, snapshot, volume), none + snapshot);
                            if (base.isEmpty()) {
                                return new Pair(one, Optional.empty());
                            }
                            LogicalVolume other =
                                    there(
                                            lookup.snapshot(os, base.get(), volume),
                                            none + base.get());
                            return new Pair(one, Optional.of(other));
                        });
        if (pair.base().filter(other -> other.thinId() == pair.snapshot().thinId()).isPresent()) {
            return List.of();
        }
        Ranges ranges = new Ranges(fromByte, pair.snapshot().sizeBytes(), most);
        return calling.calls()
                .call(
                        what,
                        os ->
                                pair.base().isPresent()
                                        ? tool.run(
                                                os,
                                                DELTA,
                                                delta(pair.snapshot(), pair.base().get()),
                                                output -> read(output, CHANGED, ranges))
                                        : tool.run(
                                                os,
                                                DUMP,
                                                List.of(
                                                        "--dev-id",
                                                        Long.toString(pair.snapshot().thinId())),
                                                output -> read(output, MAPPED, ranges)));
    }

    private static List<String> delta(LogicalVolume one, LogicalVolume other) {
        return List.of(
                "--thin1", Long.toString(other.thinId()), "--thin2", Long.toString(one.thinId()));
    }

    private static List<ChangedRange> read(
            InputStream output, Map<String, String> elements, Ranges ranges) throws IOException {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        try {
            XMLStreamReader reader = factory.createXMLStreamReader(output);
            long blockBytes = 0;
            while (reader.hasNext() && !ranges.full()) {
                if (reader.next() != XMLStreamConstants.START_ELEMENT) {
                    continue;
                }
                String element = reader.getLocalName();
                if (element.equals("superblock")) {
                    blockBytes = number(reader, "data_block_size") * SECTOR;
                } else if (elements.containsKey(element)) {
                    long begin = number(reader, elements.getOrDefault(element, ""));
                    long length = element.equals(SINGLE) ? 1 : number(reader, "length");
                    ranges.add(begin * blockBytes, length * blockBytes);
                }
            }
            return ranges.found();
        } catch (XMLStreamException | NumberFormatException e) {
            throw new IOException("its output is not understood: " + e.getMessage(), e);
        }
    }

    private static long number(XMLStreamReader reader, String attribute) {
        String value = reader.getAttributeValue(null, attribute);
        return Long.parseLong(value == null ? "" : value);
    }
}
