import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.RestService;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.SchemaReference;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericData;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumReader;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumWriter;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericRecord;
import org.apache.flink.avro.shaded.org.apache.avro.io.DecoderFactory;
import org.apache.flink.avro.shaded.org.apache.avro.io.EncoderFactory;

/** Drives Confluent's own Java client against the URL it is given. */
public final class Smoke {
    private static final String CUSTOMER =
        "{\"type\":\"record\",\"name\":\"Customer\",\"namespace\":\"shop\","
            + "\"fields\":[{\"name\":\"name\",\"type\":\"string\"}]}";
    private static final String WIDER = CUSTOMER.replace(
        "}]}", "},{\"name\":\"age\",\"type\":\"int\",\"default\":0}]}");
    private static final String BREAKING = WIDER.replace(",\"default\":0", "");
    private static final String ORDER =
        "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"shop\","
            + "\"fields\":[{\"name\":\"by\",\"type\":\"shop.Customer\"}]}";

    private final String url;
    private final String topic;

    private Smoke(String url, String topic) {
        this.url = url;
        this.topic = topic;
    }

    public static void main(String[] arguments) throws Exception {
        Smoke smoke = new Smoke(arguments[0], arguments[1]);
        smoke.registerAndRead();
        smoke.checkAndRefuse();
        smoke.refer();
        smoke.configure();
        smoke.delete();
        smoke.otherFormats();
        smoke.contexts();
        System.out.println("java: done");
    }

    /** A client that remembers nothing of the others. */
    private CachedSchemaRegistryClient opened() {
        return new CachedSchemaRegistryClient(url, 100);
    }

    private void registerAndRead() throws Exception {
        String subject = topic + "-value";
        AvroSchema schema = new AvroSchema(CUSTOMER);
        int id = opened().register(subject, schema);
        same(opened().register(subject, schema, true), id);
        same(opened().getId(subject, schema), id);
        same(opened().getVersion(subject, schema), 1);
        same(opened().getSchemaById(id).canonicalString(), CUSTOMER);
        same(opened().getSchemaBySubjectAndId(subject, id).canonicalString(), CUSTOMER);
        same(opened().getLatestSchemaMetadata(subject).getId(), id);
        same(opened().getSchemaMetadata(subject, 1).getSchema(), CUSTOMER);
        same(opened().getAllVersions(subject), List.of(1));
        same(opened().getAllSubjects().contains(subject), true);
        same(opened().getAllSubjectsByPrefix(topic).contains(subject), true);
        same(opened().getAllSubjectsById(id).contains(subject), true);
        refused(40403, () -> opened().getSchemaById(999_999));
        refused(40401, () -> opened().getLatestSchemaMetadata(topic + "-none"));
        refused(40402, () -> opened().getSchemaMetadata(subject, 9));
        travels(id);
    }

    /** What a producer writes with the schema that it registered, a consumer reads with the one that it looks up. */
    private void travels(int id) throws Exception {
        AvroSchema written = (AvroSchema) opened().getSchemaById(id);
        GenericRecord customer = new GenericData.Record(written.rawSchema());
        customer.put("name", "Ada");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0);
        out.write(ByteBuffer.allocate(4).putInt(id).array());
        var encoder = EncoderFactory.get().binaryEncoder(out, null);
        new GenericDatumWriter<GenericRecord>(written.rawSchema()).write(customer, encoder);
        encoder.flush();
        ByteBuffer message = ByteBuffer.wrap(out.toByteArray(), 1, out.size() - 1);
        AvroSchema read = (AvroSchema) opened().getSchemaById(message.getInt());
        var decoder = DecoderFactory.get().binaryDecoder(message.array(), message.position(), message.remaining(), null);
        GenericRecord found = new GenericDatumReader<GenericRecord>(read.rawSchema()).read(null, decoder);
        same(found.get("name").toString(), "Ada");
    }

    private void checkAndRefuse() throws Exception {
        String subject = topic + "-value";
        same(opened().testCompatibility(subject, new AvroSchema(WIDER)), true);
        same(opened().testCompatibility(subject, new AvroSchema(BREAKING)), false);
        same(opened().testCompatibilityVerbose(subject, new AvroSchema(BREAKING)).isEmpty(), false);
        refused(409, () -> opened().register(subject, new AvroSchema(BREAKING)));
    }

    private void refer() throws Exception {
        String subject = topic + "-order";
        List<SchemaReference> references = List.of(new SchemaReference("shop.Customer", topic + "-value", 1));
        AvroSchema order = new AvroSchema(ORDER, references, Map.of("shop.Customer", CUSTOMER), null);
        int id = opened().register(subject, order);
        same(opened().getSchemaById(id).references(), references);
        refused(42206, () -> opened().deleteSubject(Map.of(), topic + "-value", false));
    }

    private void configure() throws Exception {
        String subject = topic + "-value";
        refused(40408, () -> opened().getConfig(subject));
        same(opened().updateCompatibility(subject, "FULL"), "FULL");
        same(opened().getCompatibility(subject), "FULL");
        opened().deleteConfig(subject);
        same(opened().setMode("READONLY", subject), "READONLY");
        same(opened().getMode(subject), "READONLY");
        refused(42205, () -> opened().register(subject, new AvroSchema(WIDER)));
        opened().deleteMode(subject);
    }

    private void delete() throws Exception {
        String subject = topic + "-gone";
        opened().register(subject, new AvroSchema(CUSTOMER));
        opened().register(subject, new AvroSchema(WIDER));
        same(opened().deleteSchemaVersion(Map.of(), subject, "1", false), 1);
        same(opened().deleteSubject(subject, false), List.of(2));
        same(opened().deleteSubject(subject, true), List.of(1, 2));
    }

    /** The other two formats at the level below, because their providers are not in this jar. */
    private void otherFormats() throws Exception {
        RestService rest = new RestService(url);
        String object = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}";
        String proto = "syntax = \"proto3\"; package shop; message Customer { string name = 1; }";
        for (var each : Map.of("JSON", object, "PROTOBUF", proto).entrySet()) {
            String subject = topic + "-" + each.getKey();
            int id = rest.registerSchema(each.getValue(), each.getKey(), List.of(), subject).getId();
            same(rest.getId(id).getSchemaType(), each.getKey());
            same(rest.getLatestVersion(subject).getId(), id);
        }
        same(rest.getSchemaTypes().size(), 3);
    }

    private void contexts() throws Exception {
        String subject = ":." + topic + ":orders";
        same(opened().register(subject, new AvroSchema(CUSTOMER)), 1);
        same(opened().getLatestSchemaMetadata(subject).getId(), 1);
        same(new RestService(url).getAllContexts().contains("." + topic), true);
    }

    private static void same(Object found, Object expected) {
        if (!expected.equals(found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }

    private static void refused(int code, Callable<?> call) throws Exception {
        try {
            call.call();
        } catch (RestClientException refusal) {
            same(refusal.getErrorCode(), code);
            return;
        }
        throw new AssertionError("expected a refusal with " + code);
    }
}
