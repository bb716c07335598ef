// Confluent's own JavaScript client: its calls, and its serializers for each format.
const assert = require("node:assert/strict");
const {
  AvroDeserializer,
  AvroSerializer,
  JsonDeserializer,
  JsonSerializer,
  ProtobufDeserializer,
  ProtobufSerializer,
  SchemaRegistryClient,
  SerdeType,
} = require("@confluentinc/schemaregistry");
const { create, createFileRegistry } = require("@bufbuild/protobuf");
const { FileDescriptorProtoSchema, FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");

const [url, topic] = process.argv.slice(2);
const opened = () => new SchemaRegistryClient({ baseURLs: [url], cacheCapacity: 100 });

const AVRO = {
  schemaType: "AVRO",
  schema: '{"type":"record","name":"Customer","namespace":"shop","fields":[{"name":"name","type":"string"}]}',
};
const WIDER = {
  schemaType: "AVRO",
  schema:
    '{"type":"record","name":"Customer","namespace":"shop","fields":[{"name":"name","type":"string"},' +
    '{"name":"age","type":"int","default":0}]}',
};
const BREAKING = { ...WIDER, schema: WIDER.schema.replace(',"default":0', "") };
const JSON_SCHEMA = {
  schemaType: "JSON",
  schema: '{"title":"Customer","type":"object","properties":{"name":{"type":"string"}}}',
};

async function calls() {
  const subject = `${topic}-calls`;
  const id = await opened().register(subject, AVRO);
  assert.equal((await opened().registerFullResponse(subject, AVRO)).id, id);
  assert.equal(await opened().getId(subject, AVRO), id);
  assert.equal((await opened().getBySubjectAndId(subject, id)).schema, AVRO.schema);
  assert.equal((await opened().getLatestSchemaMetadata(subject)).version, 1);
  const { guid } = await opened().registerFullResponse(subject, AVRO);
  assert.equal((await opened().getByGuid(guid)).schema, AVRO.schema);
  assert.equal(await opened().testSubjectCompatibility(subject, WIDER), true);
  assert.equal(await opened().testCompatibility(subject, 1, BREAKING), false);
  await assert.rejects(opened().register(subject, BREAKING), (error) => error.status === 409);
  assert.equal(await opened().updateCompatibility(subject, "FULL"), "FULL");
  assert.equal(await opened().getCompatibility(subject), "FULL");
  assert.equal(await opened().getDefaultCompatibility(), "BACKWARD");
  await opened().register(subject, WIDER);
  assert.deepEqual(await opened().getAllVersions(subject), [1, 2]);
  assert.ok((await opened().getAllSubjects()).includes(subject));
  assert.equal(await opened().deleteSubjectVersion(subject, 1), 1);
  assert.deepEqual(await opened().deleteSubject(subject), [2]);
  assert.deepEqual(await opened().deleteSubject(subject, true), [1, 2]);
}

async function serdes() {
  const value = { name: "Ada" };
  const kinds = [
    ["avro", AvroSerializer, AvroDeserializer, AVRO],
    ["json", JsonSerializer, JsonDeserializer, JSON_SCHEMA],
  ];
  for (const [kind, Serializer, Deserializer, info] of kinds) {
    const place = `${topic}-${kind}`;
    await assert.rejects(
      new Serializer(opened(), SerdeType.VALUE, { useLatestVersion: true }).serialize(place, value),
    );
    await opened().register(`${place}-value`, info);
    const payload = await new Serializer(opened(), SerdeType.VALUE, { useLatestVersion: true }).serialize(place, value);
    assert.deepEqual({ ...(await new Deserializer(opened(), SerdeType.VALUE, {}).deserialize(place, payload)) }, value);
  }
}

async function protobuf() {
  const file = create(FileDescriptorProtoSchema, {
    name: "customer.proto",
    package: "shop",
    syntax: "proto3",
    messageType: [{ name: "Customer", field: [{ name: "name", number: 1, type: 9, label: 1, jsonName: "name" }] }],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  const kind = registry.getMessage("shop.Customer");
  const serializer = new ProtobufSerializer(opened(), SerdeType.VALUE, { autoRegisterSchemas: true });
  serializer.registry.add(kind);
  const place = `${topic}-protobuf`;
  const payload = await serializer.serialize(place, create(kind, { name: "Ada" }));
  const read = await new ProtobufDeserializer(opened(), SerdeType.VALUE, {}).deserialize(place, payload);
  assert.equal(read.name, "Ada");
}

async function main() {
  await calls();
  await serdes();
  await protobuf();
  console.log("confluent: done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
