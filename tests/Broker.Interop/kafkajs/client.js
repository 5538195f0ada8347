// kafkajs behind the command line that all client programs of the interop tests share (python/client_cli.py).
'use strict';

const readline = require('node:readline');
const { parseArgs } = require('node:util');
const {
  CompressionCodecs, CompressionTypes, Kafka, logLevel,
} = require('kafkajs');
const snappy = require('kafkajs-snappy');
const lz4 = require('lz4js');
const { ZstdCodec } = require('zstd-codec');

const DEADLINE_MS = 40_000;
const CODECS = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

const { positionals: [command], values: args } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(
    ['bootstrap', 'topic', 'group', 'partitions', 'count', 'timestamp', 'codec'].map((name) => [name, { type: 'string' }])
      .concat([['idempotent', { type: 'boolean' }]])),
});

const kafka = new Kafka({
  clientId: 'interop', brokers: [args.bootstrap], logLevel: logLevel.ERROR, retry: { initialRetryTime: 50, retries: 20 },
});

function printEvent(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function decoded(data) {
  return data === null || data === undefined ? null : data.toString();
}

function show(partition, message) {
  printEvent({
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: decoded(message.key),
    value: decoded(message.value),
    // kafkajs gathers a name's repeated values in one array.
    headers: Object.entries(message.headers ?? {})
      .flatMap(([name, value]) => [value].flat().map((one) => [name, decoded(one)])),
  });
}

// lz4js marks its blocks as dependent on each other, which Apache Kafka refuses. A batch is below its block size of
// 4 MB, hence one block that depends on nothing: say so. 0x73 is the header's checksum for flags 0x60 and size 0x70.
function independentFrame(frame) {
  const flagsAt = 4;
  frame.set([0x60, 0x70, 0x73], flagsAt);
  return frame;
}

async function installCodecs() {
  const zstd = await new Promise((resolve) => ZstdCodec.run((library) => resolve(new library.Streaming())));
  CompressionCodecs[CompressionTypes.Snappy] = snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async (encoder) => independentFrame(Buffer.from(lz4.compress(encoder.buffer))),
    decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder) => Buffer.from(zstd.compress(encoder.buffer, 3)),
    decompress: async (buffer) => Buffer.from(zstd.decompress(buffer)),
  });
}

async function createTopic() {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: args.topic, numPartitions: Number(args.partitions), replicationFactor: 1 }],
  });
  await admin.disconnect();
}

// kafkajs makes one batch for each partition of what one call gives it: keep that below a broker's limit of 1 MB.
function* slices(records) {
  const maxRecords = 1000;
  const maxChars = 900_000;
  let slice = [];
  let chars = 0;
  for (const record of records) {
    const size = record.value?.length ?? 0;
    if (slice.length === maxRecords || (slice.length > 0 && chars + size > maxChars)) {
      yield slice;
      slice = [];
      chars = 0;
    }
    slice.push(record);
    chars += size;
  }
  if (slice.length > 0) {
    yield slice;
  }
}

async function produce() {
  const records = [];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    records.push(JSON.parse(line));
  }
  const producer = kafka.producer({
    idempotent: Boolean(args.idempotent), maxInFlightRequests: 1, allowAutoTopicCreation: true,
  });
  await producer.connect();
  const next = new Map();
  for (const slice of slices(records)) {
    const answers = await producer.send({
      topic: args.topic,
      acks: -1,
      compression: CODECS[args.codec ?? 'none'],
      messages: slice.map(({ headers, ...record }) => ({
        ...record, ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
      })),
    });
    for (const { partition, baseOffset, errorCode } of answers) {
      if (errorCode !== 0) {
        throw new Error(`partition ${partition}: error ${errorCode}`);
      }
      next.set(partition, Number(baseOffset));
    }
    for (const { partition } of slice) {
      const offset = next.get(partition);
      next.set(partition, offset + 1);
      printEvent({ partition, offset });
    }
  }
  await producer.disconnect();
}

function consumerOf(groupId) {
  return kafka.consumer({
    groupId, heartbeatInterval: 500, rebalanceTimeout: 10_000, sessionTimeout: 10_000, maxWaitTimeInMs: 200,
    retry: { initialRetryTime: 50, retries: 20 },
  });
}

// Reads `count` records and ends. `prepare` runs once the consumer has started, to seek for instance.
async function read(groupId, count, { commit, prepare }) {
  const consumer = consumerOf(groupId);
  await consumer.connect();
  await consumer.subscribe({ topics: [args.topic], fromBeginning: true });
  let done = 0;
  const positions = new Map();
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`read ${done} of ${count} records`)), DEADLINE_MS);
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (done >= count) {
          return;
        }
        show(partition, message);
        positions.set(partition, Number(message.offset) + 1);
        done += 1;
        if (done === count) {
          clearTimeout(timer);
          resolve();
        }
      },
    }).then(() => prepare?.(consumer)).catch(reject);
  });
  if (commit) {
    await consumer.commitOffsets([...positions].map(([partition, offset]) => ({
      topic: args.topic, partition, offset: String(offset),
    })));
  }
  await consumer.disconnect();
}

// kafkajs consumes only as a member of a group.
const privateGroup = () => `${args.topic}-${command}-${process.pid}`;

const consume = () => read(privateGroup(), Number(args.count), {});
const consumeGroup = () => read(args.group, Number(args.count), { commit: true });

async function consumeSince() {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsetsByTimestamp(args.topic, Number(args.timestamp));
  await admin.disconnect();
  const prepare = (consumer) => {
    for (const { partition, offset } of offsets) {
      consumer.seek({ topic: args.topic, partition, offset });
    }
  };
  await read(privateGroup(), Number(args.count), { prepare });
}

async function member() {
  const consumer = consumerOf(args.group);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    printEvent({ assigned: [...(payload.memberAssignment[args.topic] ?? [])].sort((a, b) => a - b) });
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [args.topic], fromBeginning: true });
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ partition, message }) => show(partition, message),
  });
  process.stdin.resume();
  await new Promise((resolve) => { process.stdin.on('end', resolve); });
  await consumer.disconnect();
}

const commands = {
  'create-topic': createTopic, produce, consume, 'consume-since': consumeSince, 'consume-group': consumeGroup, member,
};

installCodecs().then(() => commands[command]()).then(
  // The output may still be on its way into the pipe: end when it has been taken.
  () => process.stdout.write('', () => process.exit(0)),
  (error) => {
    console.error(error);
    process.exit(1);
  });
