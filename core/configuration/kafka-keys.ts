/** The keys by which control planes and workers reach Kafka, and what must hold between them. */
import { z } from 'zod';
import { choiceProblems, isGiven, type ConfigKeys, type ConfigProblem, type EngineRule } from './engine-choice.js';

/** A text that may be absent. */
export const optionalText = z.string().min(1).nullable().default(null);

/** A list, or the same as one text with commas. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (given: unknown) => (typeof given === 'string' ? given.split(',').map((each) => each.trim()) : given),
    z.array(item),
  );

/** Name of an installation. */
export const installationName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'must be 1 to 41 small letters, digits or `-`')
  .default('marid');

/** The keys, each with a default. */
export const kafkaKeys = {
  kafkaBrokers: listOf(z.string().regex(/^\S+:\d{1,5}$/, 'must be host:port'))
    .default([])
    .describe('Brokers to begin with, host:port each.'),
  kafkaTls: z.boolean().default(false).describe('Whether brokers are reached by TLS.'),
  kafkaTlsCaFile: optionalText.describe(
    'Path of the certificates (PEM) that brokers are checked against; null: as Node has.',
  ),
  kafkaSaslMechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .nullable()
    .default(null)
    .describe('How to log in to Kafka; null: not at all.'),
  kafkaSaslUsername: optionalText.describe('User of the log-in to Kafka.'),
  kafkaSaslPassword: optionalText.describe('Password of the log-in to Kafka.').meta({ secret: true }),
  kafkaSaslPasswordFile: optionalText.describe('Path of a file that holds kafkaSaslPassword.'),
};

const LOG_RULE: EngineRule = {
  ...{ chosenBy: 'log', name: 'kafka', needs: 'kafkaBrokers' },
  keys: [
    ...['kafkaBrokers', 'kafkaReplicationFactor', 'kafkaTls', 'kafkaTlsCaFile'],
    ...['kafkaSaslMechanism', 'kafkaSaslUsername', 'kafkaSaslPassword'],
  ],
};

/** What does not hold between `log` and the keys of Kafka. */
export function kafkaProblems(config: ConfigKeys): readonly ConfigProblem[] {
  const problems = [...choiceProblems(config, LOG_RULE)];
  if (config['log'] !== 'kafka') return problems;
  for (const key of ['kafkaSaslUsername', 'kafkaSaslPassword']) {
    const message = logInProblem(config['kafkaSaslMechanism'], config[key]);
    if (message !== null) problems.push({ key, message });
  }
  if (config['kafkaTls'] === false && isGiven(config['kafkaTlsCaFile'])) {
    problems.push({ key: 'kafkaTlsCaFile', message: 'has no effect without kafkaTls: true' });
  }
  return problems;
}

/** A mechanism needs a user and a password, and they need a mechanism. */
function logInProblem(mechanism: unknown, value: unknown): string | null {
  if (mechanism === undefined || value === undefined || isGiven(mechanism) === isGiven(value)) return null;
  const without = 'has no effect without kafkaSaslMechanism: say which';
  return isGiven(value) ? without : 'is required, because kafkaSaslMechanism is given';
}
