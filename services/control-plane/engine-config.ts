/** The keys of a control plane's configuration that choose its engines, and what must hold between them. */
import { z } from 'zod';
import {
  choiceProblems,
  isGiven,
  type ConfigProblem,
  type EngineRule,
} from '../../core/configuration/engine-choice.js';
import {
  installationName,
  kafkaKeys,
  kafkaProblems,
  listOf,
  optionalText as text,
} from '../../core/configuration/kafka-keys.js';
import { S3_RULE, s3Keys } from '../../core/configuration/s3-keys.js';

/** The keys, each with a default. */
export const engineKeys = {
  store: z
    .enum(['sqlite', 'mongo'])
    .default('sqlite')
    .describe('Where registry, jobs and workers are kept; `sqlite`: in dataFolder, with one control plane only.'),
  log: z
    .enum(['embedded', 'kafka'])
    .default('embedded')
    .describe('What carries offers, events and heartbeats; `embedded`: in dataFolder, with one control plane only.'),
  lease: z
    .enum(['embedded', 'redis'])
    .default('embedded')
    .describe('What decides which control plane leads; `embedded`: in dataFolder, with one control plane only.'),
  blobs: z
    .enum(['filesystem', 's3'])
    .default('filesystem')
    .describe(
      'Where attachments and archived output are kept; `filesystem`: in dataFolder, with one control plane only.',
    ),
  installation: installationName.describe(
    'First part of the names of topics, groups and leases, so that installations can share servers.',
  ),
  mongoUrl: text.describe('mongodb:// or mongodb+srv:// URL of a replica set, with all connection and TLS options.'),
  mongoUrlFile: text.describe('Path of a file that holds mongoUrl.'),
  mongoDatabase: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,60}$/, 'must be 1 to 60 letters, digits, `_` or `-`')
    .default('marid')
    .describe('Name of the database in MongoDB.'),
  ...kafkaKeys,
  kafkaReplicationFactor: z
    .number()
    .int()
    .min(1)
    .max(16)
    .nullable()
    .default(null)
    .describe('Copies of each topic that is created; null: as the brokers set it (default.replication.factor).'),
  redisUrls: listOf(z.string().regex(/^rediss?:\/\/\S+$/, 'must be a redis:// or rediss:// URL'))
    .default([])
    .describe('URLs of 1, 3 or 5 Redis servers that know nothing of each other.'),
  redisUrlsFile: text.describe('Path of a file that holds redisUrls.'),
  redisTlsCaFile: text.describe(
    'Path of the certificates (PEM) that rediss:// servers are checked against; null: as Node has.',
  ),
  ...s3Keys,
};

type EngineSettings = z.output<z.ZodObject<typeof engineKeys>>;

/** Those with a rule of their own; Kafka's is with its keys. */
const RULES: readonly EngineRule[] = [
  { chosenBy: 'store', name: 'mongo', needs: 'mongoUrl', keys: ['mongoUrl'] },
  { chosenBy: 'lease', name: 'redis', needs: 'redisUrls', keys: ['redisUrls', 'redisTlsCaFile'] },
  S3_RULE,
];

/** What does not hold between the keys. Keys that are wrong by themselves may be missing. */
export function engineProblems(config: Partial<EngineSettings>): readonly ConfigProblem[] {
  return [...RULES.flatMap((rule) => choiceProblems(config, rule)), ...kafkaProblems(config), ...otherProblems(config)];
}

/** Whether other control planes may run beside this one: only when nothing is embedded. */
export function allowsSeveral({
  store,
  log,
  lease,
  blobs,
}: Pick<EngineSettings, 'store' | 'log' | 'lease' | 'blobs'>): boolean {
  return store === 'mongo' && log === 'kafka' && lease === 'redis' && blobs === 's3';
}

function otherProblems({
  store,
  mongoUrl,
  redisUrls,
  redisTlsCaFile,
  lease,
}: Partial<EngineSettings>): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (store === 'mongo' && typeof mongoUrl === 'string' && !/^mongodb(\+srv)?:\/\/\S+$/.test(mongoUrl)) {
    problems.push({ key: 'mongoUrl', message: 'must be a mongodb:// or mongodb+srv:// URL' });
  }
  if (lease === 'redis' && redisUrls !== undefined && ![0, 1, 3, 5].includes(redisUrls.length)) {
    problems.push({ key: 'redisUrls', message: 'must be 1, 3 or 5 servers, so that a majority is clear' });
  }
  if (lease === 'redis' && isGiven(redisTlsCaFile) && redisUrls?.some((url) => url.startsWith('rediss:')) === false) {
    problems.push({ key: 'redisTlsCaFile', message: 'has no effect, because no URL of redisUrls is rediss://' });
  }
  return problems;
}
