/** Apache Kafka in KRaft mode: one broker, or three that survive the loss of one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineStart, NativeEngine, NativeEngineOptions } from './engine.js';
import { SECURED, scramUser, securedProperties } from './kafka-secured.js';
import { freePort } from './ports.js';
import { KAFKA_VERSION, prepareKafka } from './prepare.js';
import { runTool } from './run-tool.js';
import { ServerProcess } from './server-process.js';

/** Any id will do: base64url of 16 bytes. */
const CLUSTER_ID = 'marid-native-stack-kfk';

interface ExtraListener {
  readonly name: 'PROXIED' | typeof SECURED;
  readonly port: number;
  /** Where clients that come in here are sent to. */
  readonly advertisedPort: number;
}

interface Broker {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  /** Beside that of `port`, which is plain. */
  readonly extra: readonly ExtraListener[];
  readonly folder: string;
}

/** Starts Kafka and waits until all brokers are in the cluster. */
export async function startKafka(start: EngineStart, options: NativeEngineOptions = {}): Promise<NativeEngine> {
  const { brokers: count = 1 } = options;
  const kafkaVersion = options.kafkaVersion ?? start.context.environment['MARID_TEST_KAFKA_VERSION'] ?? KAFKA_VERSION;
  const classPath = await prepareKafka(start.context, kafkaVersion);
  const brokers: Broker[] = [];
  for (let id = 1; id <= count; id += 1) brokers.push(await makeBroker(start, id, options));
  const { secured } = options;
  const security = secured === undefined ? {} : securedProperties(secured);
  for (const broker of brokers) writeFileSync(fileOf(broker), propertiesOf(broker, brokers, security));
  const users = secured === undefined ? [] : scramUser(secured);
  await Promise.all(brokers.map((broker) => format(start, classPath, broker, users)));
  const servers = brokers.map((broker) => serverOf(start, classPath, broker, count));
  servers.forEach(start.own);
  await Promise.all(servers.map((server) => server.start()));
  return {
    name: 'kafka',
    product: `Apache Kafka ${kafkaVersion}${count === 1 ? '' : `, ${String(count)} brokers`}`,
    standIn: false,
    urls: [
      servers.map((server) => server.url).join(','),
      ...brokers.flatMap(({ extra }) => extra.map(({ port }) => `127.0.0.1:${String(port)}`)),
    ],
    servers,
  };
}

async function makeBroker(
  { random, folder }: EngineStart,
  id: number,
  { proxyPort, secured }: NativeEngineOptions,
): Promise<Broker> {
  const own = join(folder, `kafka-${String(id)}`);
  mkdirSync(own, { recursive: true });
  const extra: ExtraListener[] = [];
  if (proxyPort !== undefined) extra.push({ name: 'PROXIED', port: await freePort(random), advertisedPort: proxyPort });
  if (secured !== undefined) {
    const port = await freePort(random);
    extra.push({ name: SECURED, port, advertisedPort: port });
  }
  return { id, port: await freePort(random), controllerPort: await freePort(random), extra, folder: own };
}

function fileOf({ folder }: Broker): string {
  return join(folder, 'server.properties');
}

function propertiesOf(broker: Broker, all: readonly Broker[], security: Readonly<Record<string, string>>): string {
  const replicas = String(all.length);
  const inSync = all.length === 1 ? '1' : '2';
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${String(port)}`;
  const main = at('PLAINTEXT', broker.port);
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': String(broker.id),
    'controller.quorum.voters': all
      .map(({ id, controllerPort }) => `${String(id)}@127.0.0.1:${String(controllerPort)}`)
      .join(','),
    listeners: [
      main,
      ...broker.extra.map(({ name, port }) => at(name, port)),
      at('CONTROLLER', broker.controllerPort),
    ].join(','),
    'advertised.listeners': [main, ...broker.extra.map((each) => at(each.name, each.advertisedPort))].join(','),
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,${SECURED}:SASL_SSL`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(broker.folder, 'data'),
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'num.network.threads': '2',
    'num.io.threads': '4',
    ...QUICK_FAILOVER,
    ...security,
  };
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** A killed broker is noticed after seconds, and may come back only then; a lost controller is replaced after one. */
const QUICK_FAILOVER = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'controller.quorum.election.timeout.ms': '500',
  'controller.quorum.fetch.timeout.ms': '1000',
  'controller.quorum.election.backoff.max.ms': '500',
} as const;

/** Java with Kafka's classes; its log goes to standard error. Only the quick compiler: it halves the processor time of a start, and no figure here depends on the broker's peak. */
function java(classPath: string, heapMb: number, ...rest: readonly string[]): [string, ...string[]] {
  const log = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];
  return [
    'java',
    `-Xmx${String(heapMb)}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Djava.awt.headless=true',
    ...log,
    '-cp',
    classPath,
    ...rest,
  ];
}

async function format(
  { context }: EngineStart,
  classPath: string,
  broker: Broker,
  users: readonly string[],
): Promise<void> {
  const tool = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', fileOf(broker), ...users];
  await runTool(context, { command: java(classPath, 128, ...tool), remedy: 'Install Java 17 or newer.' });
}

function serverOf({ context }: EngineStart, classPath: string, broker: Broker, count: number): ServerProcess {
  const address = `127.0.0.1:${String(broker.port)}`;
  return new ServerProcess(context, {
    name: `kafka-${String(broker.id)}`,
    url: address,
    command: java(classPath, count === 1 ? 512 : 320, 'kafka.Kafka', fileOf(broker)),
    logFile: join(broker.folder, 'server.log'),
    probe: () => probe(address, broker.id),
  });
}

/** Asks a broker for its cluster; it must be in it. */
async function probe(address: string, id: number): Promise<void> {
  const { Kafka, logLevel } = (await import('kafkajs')).default;
  const kafka = new Kafka({
    ...{ clientId: 'native-stack', brokers: [address], logLevel: logLevel.NOTHING },
    ...{ connectionTimeout: 1000, requestTimeout: 2000, retry: { retries: 0 } },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (!brokers.some((broker) => broker.nodeId === id)) throw new Error('the broker is not in its cluster yet');
  } finally {
    await admin.disconnect();
  }
}
