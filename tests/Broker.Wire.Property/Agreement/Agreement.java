import java.nio.ByteBuffer;
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.*;

/**
 * Reads messages and record batches that we wrote with Kafka's own classes, and writes what it understood.
 * Lines in: "request|response KEY VERSION HEX", "data CLASS VERSION HEX", "batch - 0 HEX". Lines out, in the same
 * order: the message written again in hex, or the records as text, or "error ...".
 */
public class Agreement {
    public static void main(String[] args) throws Exception {
        List<String> out = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            String[] parts = line.split(" ", -1);
            ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(parts[3]));
            try {
                out.add(parts[0].equals("batch") ? records(bytes) : again(create(parts[0], parts[1]), bytes, Short.parseShort(parts[2])));
            } catch (Throwable problem) {
                out.add("error " + problem.toString().replace('\n', ' '));
            }
        }

        Files.write(Path.of(args[1]), out);
    }

    private static Message create(String kind, String name) throws Exception {
        switch (kind) {
            case "request": return ApiMessageType.fromApiKey(Short.parseShort(name)).newRequest();
            case "response": return ApiMessageType.fromApiKey(Short.parseShort(name)).newResponse();
            default: return (Message) Class.forName(name).getConstructor().newInstance();
        }
    }

    private static String again(Message message, ByteBuffer bytes, short version) {
        message.read(new ByteBufferAccessor(bytes), version);
        if (bytes.hasRemaining()) {
            return "error " + bytes.remaining() + " bytes left";
        }

        return hex(MessageUtil.toByteBufferAccessor(message, version).buffer());
    }

    private static String records(ByteBuffer bytes) {
        StringBuilder text = new StringBuilder();
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
            batch.ensureValid();
            for (org.apache.kafka.common.record.Record record : batch) {
                text.append(record.offset()).append(',').append(record.timestamp()).append(',');
                text.append(hex(record.key())).append(',').append(hex(record.value()));
                for (Header header : record.headers()) {
                    text.append(',').append(header.key()).append('=');
                    text.append(hex(header.value() == null ? null : ByteBuffer.wrap(header.value())));
                }

                text.append(';');
            }
        }

        return text.toString();
    }

    private static String hex(ByteBuffer buffer) {
        if (buffer == null) {
            return "null";
        }

        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
