/** The keys of a control plane's configuration that choose its engines, and what must hold between them. */
import { z } from 'zod';

/** A list, or the same as one text with commas. */
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (given: unknown) => (typeof given === 'string' ? given.split(',').map((each) => each.trim()) : given),
    z.array(item),
  );
const hostAndPort = z.string().regex(/^\S+:\d{1,5}$/, 'must be host:port');
const text = z.string().min(1).nullable().default(null);

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
  installation: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'must be 1 to 41 small letters, digits or `-`')
    .default('marid')
    .describe('First part of the names of topics, groups and leases, so that installations can share servers.'),
  mongoUrl: text.describe('mongodb:// or mongodb+srv:// URL of a replica set, with all connection and TLS options.'),
  mongoUrlFile: text.describe('Path of a file that holds mongoUrl.'),
  mongoDatabase: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,60}$/, 'must be 1 to 60 letters, digits, `_` or `-`')
    .default('marid')
    .describe('Name of the database in MongoDB.'),
  kafkaBrokers: listOf(hostAndPort).default([]).describe('Brokers to begin with, host:port each.'),
  kafkaReplicationFactor: z
    .number()
    .int()
    .min(1)
    .max(16)
    .nullable()
    .default(null)
    .describe('Copies of each topic that is created; null: as the brokers set it (default.replication.factor).'),
  kafkaTls: z.boolean().default(false).describe('Whether brokers are reached by TLS.'),
  kafkaTlsCaFile: text.describe('Path of the certificates (PEM) that brokers are checked against; null: as Node has.'),
  kafkaSaslMechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .nullable()
    .default(null)
    .describe('How to log in to Kafka; null: not at all.'),
  kafkaSaslUsername: text.describe('User of the log-in to Kafka.'),
  kafkaSaslPassword: text.describe('Password of the log-in to Kafka.').meta({ secret: true }),
  kafkaSaslPasswordFile: text.describe('Path of a file that holds kafkaSaslPassword.'),
  redisUrls: listOf(z.string().regex(/^rediss?:\/\/\S+$/, 'must be a redis:// or rediss:// URL'))
    .default([])
    .describe('URLs of 1, 3 or 5 Redis servers that know nothing of each other.'),
  redisUrlsFile: text.describe('Path of a file that holds redisUrls.'),
  s3Bucket: text.describe('Bucket, which exists. Credentials come from the usual AWS sources.'),
  s3Endpoint: z
    .string()
    .regex(/^https?:\/\/\S+$/, 'must be an http:// or https:// URL')
    .nullable()
    .default(null)
    .describe("URL of another S3 service than Amazon's; null: Amazon's."),
  s3Region: text.describe('Region of the bucket; null: as the AWS sources say.'),
  s3ForcePathStyle: z
    .boolean()
    .default(false)
    .describe('Whether the bucket stands in the path instead of the host name, as most other S3 services want.'),
};

type EngineSettings = z.output<z.ZodObject<typeof engineKeys>>;

/** What a choice of an engine asks of the other keys. */
interface Engine {
  readonly chosenBy: 'store' | 'log' | 'lease' | 'blobs';
  readonly name: string;
  readonly needs: keyof EngineSettings;
  /** Keys that mean nothing without the engine. */
  readonly keys: readonly (keyof EngineSettings)[];
}

const ENGINES: readonly Engine[] = [
  { chosenBy: 'store', name: 'mongo', needs: 'mongoUrl', keys: ['mongoUrl'] },
  {
    ...{ chosenBy: 'log', name: 'kafka', needs: 'kafkaBrokers' },
    keys: [
      ...(['kafkaBrokers', 'kafkaReplicationFactor', 'kafkaTls', 'kafkaTlsCaFile'] as const),
      ...(['kafkaSaslMechanism', 'kafkaSaslUsername', 'kafkaSaslPassword'] as const),
    ],
  },
  { chosenBy: 'lease', name: 'redis', needs: 'redisUrls', keys: ['redisUrls'] },
  {
    chosenBy: 'blobs',
    name: 's3',
    needs: 's3Bucket',
    keys: ['s3Bucket', 's3Endpoint', 's3Region', 's3ForcePathStyle'],
  },
];

/** Something that does not hold, at its key. */
export interface EngineProblem {
  readonly key: string;
  readonly message: string;
}

/** What does not hold between the keys. Keys that are wrong by themselves may be missing. */
export function engineProblems(config: Partial<EngineSettings>): readonly EngineProblem[] {
  return [
    ...ENGINES.flatMap((engine) => choiceProblems(config, engine)),
    ...kafkaProblems(config),
    ...otherProblems(config),
  ];
}

/** Whether other control planes may run beside this one: only when nothing is embedded. */
export function allowsSeveral(config: Pick<EngineSettings, Engine['chosenBy']>): boolean {
  return ENGINES.every(({ chosenBy, name }) => config[chosenBy] === name);
}

function choiceProblems(config: Partial<EngineSettings>, engine: Engine): readonly EngineProblem[] {
  const { chosenBy, name, needs, keys } = engine;
  const choice = config[chosenBy];
  if (choice === undefined) return [];
  if (choice === name) {
    const message = `is required, because ${chosenBy} is ${name}`;
    return isGiven(config[needs]) || config[needs] === undefined ? [] : [{ key: needs, message }];
  }
  const message = `has no effect, because ${chosenBy} is ${choice}: say ${chosenBy}: ${name}, or leave it out`;
  return keys.filter((key) => isGiven(config[key])).map((key) => ({ key, message }));
}

function kafkaProblems(config: Partial<EngineSettings>): readonly EngineProblem[] {
  const { kafkaSaslMechanism: mechanism, kafkaTls, kafkaTlsCaFile } = config;
  if (config.log !== 'kafka') return [];
  const problems = (['kafkaSaslUsername', 'kafkaSaslPassword'] as const).flatMap((key): EngineProblem[] => {
    const given = isGiven(config[key]);
    if (isGiven(mechanism) === given || mechanism === undefined || config[key] === undefined) return [];
    return [
      {
        key,
        message: given
          ? 'has no effect without kafkaSaslMechanism: say which'
          : 'is required, because kafkaSaslMechanism is given',
      },
    ];
  });
  if (kafkaTls === false && isGiven(kafkaTlsCaFile)) {
    problems.push({ key: 'kafkaTlsCaFile', message: 'has no effect without kafkaTls: true' });
  }
  return problems;
}

function otherProblems({ store, mongoUrl, redisUrls, lease }: Partial<EngineSettings>): readonly EngineProblem[] {
  const problems: EngineProblem[] = [];
  if (store === 'mongo' && typeof mongoUrl === 'string' && !/^mongodb(\+srv)?:\/\/\S+$/.test(mongoUrl)) {
    problems.push({ key: 'mongoUrl', message: 'must be a mongodb:// or mongodb+srv:// URL' });
  }
  if (lease === 'redis' && redisUrls !== undefined && ![0, 1, 3, 5].includes(redisUrls.length)) {
    problems.push({ key: 'redisUrls', message: 'must be 1, 3 or 5 servers, so that a majority is clear' });
  }
  return problems;
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined && value !== false;
}
