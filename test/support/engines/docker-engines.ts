/** Servers in containers, where a Docker daemon answers. */
import { connect } from 'node:net';
import type { GenericContainer, StartedTestContainer } from 'testcontainers';
import type { EngineName } from './engine-answer.js';

/** Servers of one engine in containers. */
export interface DockerEngine {
  readonly urls: readonly string[];
  readonly product: string;
}

const IMAGES = {
  kafka: 'apache/kafka:3.9.2',
  mongo: 'mongo:8',
  redis: 'redis:7',
  s3: 'versity/versitygw:v1.8.0',
} as const;

/** Starts containers; the reaper of testcontainers removes them when this process dies before `stop`. */
export class DockerEngines {
  private readonly running: StartedTestContainer[] = [];

  private constructor(private readonly Container: typeof GenericContainer) {}

  /** Null where no Docker daemon answers on its socket. */
  static async find(): Promise<DockerEngines | null> {
    const host = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
    if (!(await listens(host))) return null;
    const { GenericContainer } = await import('testcontainers');
    return new DockerEngines(GenericContainer);
  }

  /** Starts the containers of an engine and waits until they answer. */
  async start(name: EngineName): Promise<DockerEngine> {
    const product = IMAGES[name];
    switch (name) {
      case 'kafka':
        return { product, urls: [await this.startKafka()] };
      case 'mongo':
        return { product, urls: [await this.startMongo()] };
      case 'redis':
        return { product, urls: await Promise.all([this.startRedis(), this.startRedis(), this.startRedis()]) };
      case 's3':
        return { product, urls: [await this.startS3()] };
    }
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.running.map((container) => container.stop({ timeout: 0 })));
  }

  /** Kafka tells its clients where it is, so its port on the host has to be known before it starts. */
  private async startKafka(): Promise<string> {
    const { RandomPortGenerator, Wait } = await import('testcontainers');
    const port = await new RandomPortGenerator().generatePort();
    const address = `localhost:${String(port)}`;
    await this.run(
      new this.Container(IMAGES.kafka)
        .withExposedPorts({ container: port, host: port })
        .withEnvironment({
          KAFKA_NODE_ID: '1',
          KAFKA_PROCESS_ROLES: 'broker,controller',
          KAFKA_LISTENERS: `PLAINTEXT://:${String(port)},CONTROLLER://:9093`,
          KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${address}`,
          KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
          KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
          KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
          KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
          KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
          KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
          KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
          KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
          KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
          KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        })
        .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)),
    );
    return address;
  }

  /** A replica set of one; clients connect to it directly, because it knows itself by its address inside the container. */
  private async startMongo(): Promise<string> {
    const { Wait } = await import('testcontainers');
    const container = await this.run(
      new this.Container(IMAGES.mongo)
        .withCommand(['mongod', '--replSet', 'rs0', '--bind_ip_all'])
        .withExposedPorts(27017)
        .withWaitStrategy(Wait.forLogMessage(/Waiting for connections/)),
    );
    const member = '{_id: "rs0", members: [{_id: 0, host: "localhost:27017"}]}';
    const script = `rs.initiate(${member}); while (!db.hello().isWritablePrimary) sleep(50)`;
    const { exitCode, output } = await container.exec(['mongosh', '--quiet', '--eval', script]);
    if (exitCode !== 0) throw new Error(`the replica set of ${IMAGES.mongo} could not be made: ${output}`);
    return `mongodb://${container.getHost()}:${String(container.getMappedPort(27017))}/?directConnection=true`;
  }

  private async startRedis(): Promise<string> {
    const { Wait } = await import('testcontainers');
    const container = await this.run(
      new this.Container(IMAGES.redis)
        .withExposedPorts(6379)
        .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/)),
    );
    return `redis://${container.getHost()}:${String(container.getMappedPort(6379))}`;
  }

  private async startS3(): Promise<string> {
    const container = await this.run(
      new this.Container(IMAGES.s3)
        .withEnvironment({ ROOT_ACCESS_KEY: 'marid', ROOT_SECRET_KEY: 'marid-secret' })
        .withCommand(['--port', ':7070', 'posix', '/tmp'])
        .withExposedPorts(7070),
    );
    const endpoint = `${container.getHost()}:${String(container.getMappedPort(7070))}`;
    const { createBucket } = await import('../../../infra/deploy/native/s3.js');
    await createBucket({ endpoint: `http://${endpoint}`, accessKeyId: 'marid', secretAccessKey: 'marid-secret' });
    return `http://marid:marid-secret@${endpoint}/marid?region=us-east-1`;
  }

  private async run(container: GenericContainer): Promise<StartedTestContainer> {
    const started = await container.start();
    this.running.push(started);
    return started;
  }
}

/** Whether something listens at `unix:///path` or `tcp://host:port`. */
function listens(host: string): Promise<boolean> {
  const { protocol, pathname, hostname, port } = new URL(host);
  const socket = protocol === 'unix:' ? connect(pathname) : connect(Number(port), hostname);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((answer) => {
    socket.destroy();
    return answer === true;
  });
}
