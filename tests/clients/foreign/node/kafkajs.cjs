// kafkajs' registry client: registers each format, encodes and decodes as a producer and a consumer would.
const assert = require("node:assert/strict");
const { SchemaRegistry, SchemaType, COMPATIBILITY } = require("@kafkajs/confluent-schema-registry");

const [url, topic] = process.argv.slice(2);
const opened = () => new SchemaRegistry({ host: url });

const FORMATS = [
  {
    type: SchemaType.AVRO,
    schema: '{"type":"record","name":"Customer","namespace":"shop","fields":[{"name":"name","type":"string"}]}',
    wider:
      '{"type":"record","name":"Customer","namespace":"shop","fields":[{"name":"name","type":"string"},' +
      '{"name":"age","type":"int"}]}',
  },
  {
    type: SchemaType.JSON,
    schema: '{"title":"Customer","type":"object","properties":{"name":{"type":"string"}}}',
    wider: '{"title":"Customer","type":"object","properties":{"name":{"type":"integer"}}}',
  },
  {
    type: SchemaType.PROTOBUF,
    schema: 'syntax = "proto3"; package shop; message Customer { string name = 1; }',
    wider: 'syntax = "proto3"; package shop; message Customer { int64 name = 1; }',
  },
];

async function main() {
  for (const { type, schema, wider } of FORMATS) {
    const subject = `${topic}-${type}`;
    const { id } = await opened().register({ type, schema }, { subject });
    assert.ok(Number.isInteger(id) && id > 0);
    assert.equal((await opened().register({ type, schema }, { subject })).id, id);
    assert.equal(await opened().getLatestSchemaId(subject), id);
    assert.equal(await opened().getRegistryId(subject, 1), id);
    assert.equal(await opened().getRegistryIdBySchema(subject, { type, schema }), id);
    const payload = await opened().encode(id, { name: "Ada" });
    assert.equal(payload.readInt32BE(1), id);
    assert.equal((await opened().decode(payload)).name, "Ada");
    await assert.rejects(
      opened().register({ type, schema: wider }, { subject }),
      (error) => error.status === 409,
    );
    // what was configured with the first registration is noticed with the next one
    await assert.rejects(
      opened().register({ type, schema }, { subject, compatibility: COMPATIBILITY.FULL }),
      /Compatibility does not match/,
    );
  }
  const references = [{ name: "shop.Customer", subject: `${topic}-AVRO`, version: 1 }];
  const order =
    '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"by","type":"shop.Customer"}]}';
  const { id } = await opened().register(
    { type: SchemaType.AVRO, schema: order, references },
    { subject: `${topic}-order` },
  );
  const payload = await opened().encode(id, { by: { name: "Ada" } });
  assert.equal((await opened().decode(payload)).by.name, "Ada");
  await assert.rejects(opened().getLatestSchemaId(`${topic}-none`), (error) => error.status === 404);
  console.log("kafkajs: done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
