/** Sees whether the engines that were chosen can be used, without changing anything in them. */
import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isErrno, errorText } from '../../core/errors/system-error.js';
import { MaridError } from '../../core/errors/marid-error.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import type { EngineChoice, KafkaChoice } from './engine-options.js';
import type { EngineRuntime } from './open-control-plane-engines.js';

/** Longest time for one engine, milliseconds. */
const TIMEOUT_MS = 5000;
const LEASE_NAME = 'marid.config-check';

/** What became of the check of one engine. */
export interface EngineCheck {
  /** `store`, `log`, `lease`, `blobs`, or `worker log`. */
  readonly part: string;
  /** The product and where it is; may hold a password. */
  readonly engine: string;
  /** What is wrong; `null`: nothing. */
  readonly problem: string | null;
  /** What to do about it. */
  readonly remedy: string | null;
  /** What else there is to say of an engine that can be used, for example that a server is old. */
  readonly notes: readonly string[];
}

interface Part {
  readonly part: string;
  readonly engine: string;
  readonly remedy: string;
  /** Rejects when the engine cannot be used; warnings of the logger become notes. */
  readonly check: (runtime: EngineRuntime) => Promise<void>;
}

/** Checks the engines of a control plane, all at once. */
export function checkControlPlaneEngines(choice: EngineChoice, clock: Clock): Promise<readonly EngineCheck[]> {
  const parts = [storePart(choice), logPart(choice), leasePart(choice), blobsPart(choice)];
  return Promise.all(parts.map((part) => run(part, clock)));
}

/** Checks the log that a worker reads by itself. */
export function checkWorkerLog(choice: KafkaChoice, clock: Clock): Promise<EngineCheck> {
  return run({ ...kafkaPart(choice), part: 'worker log' }, clock);
}

async function run({ part, engine, remedy, check }: Part, clock: Clock): Promise<EngineCheck> {
  const over = new AbortController();
  const notes = new Set<string>();
  const checking = check({ clock, logger: noteLogger(notes) });
  checking.catch(() => undefined); // it may fail after its time is over
  const late = clock.sleep(TIMEOUT_MS, over.signal).then(() => {
    throw new MaridError('DEADLINE_EXCEEDED', `It did not answer within ${String(TIMEOUT_MS / 1000)} s.`);
  });
  try {
    await Promise.race([checking, late]);
    return { part, engine, problem: null, remedy: null, notes: [...notes] };
  } catch (error) {
    return { part, engine, problem: errorText(error), remedy, notes: [] };
  } finally {
    late.catch(() => undefined);
    over.abort();
  }
}

function storePart(choice: EngineChoice): Part {
  if (choice.store === 'sqlite') return folderPart('store', 'sqlite', choice);
  return {
    ...{ part: 'store', engine: `mongo at ${choice.mongoUrl ?? ''}` },
    remedy:
      'Check mongoUrl: hosts, replicaSet, user and password, authSource, tls, tlsCAFile; and that this machine may connect.',
    check: async (runtime) => {
      const { checkMongo } = await import('./check-mongo.js');
      await checkMongo(choice, runtime);
    },
  };
}

function logPart(choice: EngineChoice): Part {
  return choice.log === 'embedded' ? folderPart('log', 'embedded', choice) : kafkaPart(choice);
}

function kafkaPart(choice: KafkaChoice): Part {
  return {
    ...{ part: 'log', engine: `kafka at ${choice.kafkaBrokers.join(', ')}` },
    remedy:
      'Check kafkaBrokers, kafkaTls, kafkaTlsCaFile and the kafkaSasl keys, and that the brokers advertise addresses that this machine can reach.',
    check: async (runtime) => {
      const { openKafka } = await import('./open-kafka.js');
      await (await openKafka(choice, { clientId: 'marid-config-check', ...runtime })).close();
    },
  };
}

function leasePart(choice: EngineChoice): Part {
  if (choice.lease === 'embedded') return folderPart('lease', 'embedded', choice);
  return {
    ...{ part: 'lease', engine: `redis at ${choice.redisUrls.join(', ')}` },
    remedy:
      'Check redisUrls (addresses, rediss:// for TLS, user and password) and redisTlsCaFile: a majority of the servers must answer and take writes (no replicas, no cluster).',
    check: async ({ clock, logger }) => {
      const { openRedis } = await import('./open-redis.js');
      const lease = await openRedis(choice, { prefix: 'check', clock, logger });
      try {
        await lease.acquire({ name: LEASE_NAME, holder: `check-${String(clock.now())}`, ttlMs: 1000 });
        for (const { server, problem } of lease.state()) {
          if (problem !== null) logger.warn({}, `${server} does not answer: ${problem}`);
        }
      } finally {
        await lease.close();
      }
    },
  };
}

function blobsPart(choice: EngineChoice): Part {
  if (choice.blobs === 'filesystem') return folderPart('blobs', 'filesystem', choice);
  return {
    ...{ part: 'blobs', engine: `s3 bucket ${choice.s3Bucket ?? ''} at ${choice.s3Endpoint ?? 'AWS'}` },
    remedy:
      'Check s3Bucket, s3Endpoint, s3Region and s3ForcePathStyle, the credentials (AWS_ACCESS_KEY_ID, a profile, a role), and NODE_EXTRA_CA_CERTS where the authority is your own.',
    check: async ({ logger }) => {
      const { openBlobs } = await import('./open-blobs.js');
      await (await openBlobs(choice, logger)).close();
    },
  };
}

/** Embedded engines are files: the folder, or where it will be made, must take them. */
function folderPart(part: string, engine: string, { dataFolder }: EngineChoice): Part {
  return {
    ...{ part, engine: `${engine} in ${dataFolder}` },
    remedy: 'Check dataFolder: its path, its owner and its mode.',
    check: async () => {
      if (dataFolder !== ':memory:') await checkWritable(resolve(dataFolder));
    },
  };
}

async function checkWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const absent = isErrno(error, 'ENOENT');
    if (!absent || dirname(folder) === folder) throw error;
    await checkWritable(dirname(folder));
  }
}

/** A logger whose warnings become notes. */
function noteLogger(notes: Set<string>): Logger {
  const quiet = (): void => undefined;
  const note = ({ error }: Readonly<Record<string, unknown>>, message: string): void => {
    notes.add(error instanceof Error ? `${message}: ${error.message}` : message);
  };
  const logger: Logger = { debug: quiet, info: quiet, warn: note, error: note, child: () => logger };
  return logger;
}
