/** Marid: one `marid dev`, on the embedded engines or on servers of the native stack. */
import { join } from 'node:path';
import { NativeStack } from '../../infra/deploy/native/native-stack.js';
import { startForMarid, type NativeProduct } from '../../infra/deploy/native/marid-environment.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { packageVersion } from '../../cli/version.js';
import type { Contender, Round, RunningContender } from '../harness/contender.js';
import { SubmitStream } from '../harness/submit-stream.js';
import { toolContext } from '../harness/tools.js';
import { benchJob, JOB_MEMORY_MB, SystemUnderTest } from '../system.js';

/** What "acknowledged" means with the embedded engines. */
export const EMBEDDED = 'SQLite with fdatasync, shared by the jobs that come together';

/** Options of `marid`. */
interface MaridOptions {
  readonly name: string;
  /** Servers in place of the embedded engines of some ports. Default: none. */
  readonly products?: readonly NativeProduct[];
  readonly durability: string;
  /** Settings, as environment variables name them. Default: none. */
  readonly settings?: Readonly<Record<string, string>>;
}

function marid({ name, products = [], durability, settings = {} }: MaridOptions): Contender {
  return {
    name,
    prepare: async ({ stamp, report }) => {
      const stack = new NativeStack({ ...toolContext(report), random: new SystemRandom() });
      const environment = { ...(await startForMarid(stack, products)), ...settings };
      return {
        version: packageVersion(),
        durability,
        start: (round) => start(stamp, environment, round),
        stop: () => stack.stop(),
      };
    },
  };
}

async function start(
  stamp: string,
  environment: Readonly<Record<string, string>>,
  round: Round,
): Promise<RunningContender> {
  const system = await SystemUnderTest.start({
    ...{ environment, folder: join(round.folder, 'marid') },
    memoryMb: round.concurrency * JOB_MEMORY_MB,
    commands: { stamp: [stamp, round.ledger] },
  });
  return overStream(system);
}

/** Takes jobs over one stream to a system that has started; its end is the system's. */
export function overStream(system: Pick<SystemUnderTest, 'client' | 'stop'>): RunningContender {
  const stream = new SubmitStream(system.client);
  return {
    submit: (id) => stream.submit(benchJob('stamp', [id])),
    stop: async () => {
      await stream.end();
      await system.stop();
    },
  };
}

/** On one machine with nothing else installed. */
export const MARID_EMBEDDED = marid({ name: 'marid', durability: EMBEDDED });
/** The same without what the other contenders do not do either: what a job left stays in its folder. */
export const MARID_NO_ARCHIVES = marid({
  ...{ name: 'marid, no archives', durability: EMBEDDED },
  settings: { MARID_WORKER_ARCHIVE: 'false' },
});
/** The log in Kafka, the leader by Redis, the store in SQLite. */
export const MARID_KAFKA = marid({
  ...{ name: 'marid, Kafka + Redis', products: ['kafka', 'redis'] },
  durability: 'SQLite with fdatasync; Kafka with acks=all',
});
