/** Kafka with TLS and log-in: a broker of its own, whose certificate is of an authority that only this test knows. */
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TopicLog } from '../../core/ports/topic-log.js';
import { NativeStack } from '../../infra/deploy/native/native-stack.js';
import type { KafkaChoice } from '../../infra/engines/engine-options.js';
import { openKafka } from '../../infra/engines/open-kafka.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { checkEngine } from '../support/config-check.js';
import { findEngine } from '../support/engines.js';
import { HOUR_MS, textRecord } from '../support/kafka.js';
import { Reader } from '../support/log-reader.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { makeTestAuthority } from '../support/test-authority.js';

const START_MS = 120_000;
const PASSWORD = 'right-passw0rd';
const WRONG = 'wrong-passw0rd';

const found = await findEngine('kafka');
const authority = found?.source === 'native stack' ? await makeTestAuthority() : null;
const { ca = '', otherCa = '', key = '', keystore = '' } = authority ?? {};

(authority === null ? describe.skip : describe)('Kafka with TLS and log-in', () => {
  const stack = new NativeStack({ environment: process.env, clock: new SystemClock(), random: new SystemRandom() });
  let plain: string;
  let secured: string;
  let right: KafkaChoice;

  beforeAll(async () => {
    const user = { username: 'marid', password: PASSWORD };
    const { urls } = await stack.start('kafka', { secured: { keystore, ...user } });
    [plain = '', secured = ''] = urls;
    right = {
      ...{ installation: 'secured', kafkaBrokers: [secured], kafkaTls: true, kafkaTlsCaFile: ca },
      ...{ kafkaSaslMechanism: 'plain', kafkaSaslUsername: 'marid', kafkaSaslPassword: PASSWORD },
    };
  }, START_MS);
  afterAll(async () => {
    await stack.stop();
    authority?.remove();
  });

  const open = (choice: KafkaChoice, logger: QuietLogger): Promise<TopicLog> =>
    openKafka(choice, { clientId: 'marid-test', clock: new SystemClock(), logger });

  test.each(['plain', 'scram-sha-512'] as const)('what is produced is consumed, logged in by %s', async (mechanism) => {
    const logger = new QuietLogger();
    const log = await open({ ...right, kafkaSaslMechanism: mechanism }, logger);
    const topic = `marid.${mechanism}`;
    await log.ensureTopics({ topics: [{ topic, partitions: 1, retentionMs: HOUR_MS }] });
    const reader = await Reader.open(log, { topics: [topic], start: { kind: 'group', group: `marid.${mechanism}` } });
    await log.produce({ records: [textRecord(topic, 0, 'a'), textRecord(topic, 0, 'b')] });
    expect(await reader.takeTexts(2)).toEqual(['a', 'b']);
    await reader.close();
    await log.close();
    expect(inspect(logger.lines, { depth: 9 })).not.toContain(PASSWORD);
  });

  const REFUSED = /refused by the brokers \(.+\); check kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword/;
  /** Later versions of Node add an advice of their own. */
  const ADVICE = '(; if the root CA is installed locally, try running Node.js with --use-system-ca)?';
  const UNTRUSTED = new RegExp(`unable to verify the first certificate${ADVICE}; check kafkaTlsCaFile`);
  const CLOSED = /if the brokers are up, check kafkaTls and kafkaSaslMechanism/;
  const NO_TLS = { kafkaTls: false, kafkaTlsCaFile: null };
  const NO_LOG_IN = { kafkaSaslMechanism: null, kafkaSaslUsername: null, kafkaSaslPassword: null };
  test.each<[string, Partial<KafkaChoice>, string, RegExp]>([
    ['a wrong password, PLAIN', { kafkaSaslPassword: WRONG }, 'UNAVAILABLE', REFUSED],
    [
      'a wrong password, SCRAM',
      { kafkaSaslPassword: WRONG, kafkaSaslMechanism: 'scram-sha-512' },
      'UNAVAILABLE',
      REFUSED,
    ],
    ['a mechanism that is not offered', { kafkaSaslMechanism: 'scram-sha-256' }, 'UNAVAILABLE', REFUSED],
    ['another authority', { kafkaTlsCaFile: otherCa }, 'UNAVAILABLE', UNTRUSTED],
    ["only Node's authorities", { kafkaTlsCaFile: null }, 'UNAVAILABLE', UNTRUSTED],
    ['a file without a certificate', { kafkaTlsCaFile: key }, 'INVALID_ARGUMENT', /kafkaTlsCaFile: .* holds no certi/],
    ['no TLS', NO_TLS, 'UNAVAILABLE', CLOSED],
    ['neither TLS nor log-in', { ...NO_TLS, ...NO_LOG_IN }, 'UNAVAILABLE', CLOSED],
    ['no log-in', NO_LOG_IN, 'UNAVAILABLE', CLOSED],
  ])('%s is told in seconds, with the key and without the password', async (_, wrong, code, message) => {
    const logger = new QuietLogger();
    const began = performance.now();
    const error: unknown = await open({ ...right, ...wrong }, logger).catch((caught: unknown) => caught);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(inspect([error, logger.lines], { depth: 9 })).not.toMatch(/passw0rd/);
  });

  test('TLS and log-in where the brokers have none are told as well', async () => {
    const kafkaBrokers = [plain];
    await expect(open({ ...right, kafkaBrokers }, new QuietLogger())).rejects.toThrow(CLOSED);
    await expect(open({ ...right, kafkaBrokers, ...NO_TLS }, new QuietLogger())).rejects.toThrow(REFUSED);
  });

  test('a process that may start without Kafka waits for a better certificate, and not for another password', async () => {
    const logger = new QuietLogger();
    const options = { clientId: 'marid-test', mayBeAway: true, clock: new SystemClock(), logger };
    await (await openKafka({ ...right, kafkaTlsCaFile: otherCa }, options)).close();
    const warning = logger.lines.find(({ message }) => message.startsWith('Kafka does not answer'));
    expect(warning?.fields['error']).toMatchObject({ message: expect.stringMatching(UNTRUSTED) });
    await expect(openKafka({ ...right, kafkaSaslPassword: WRONG }, options)).rejects.toThrow(REFUSED);
  });

  test('config check says the same, and prints no password', async () => {
    const keys = { ...right, log: 'kafka' };
    expect((await checkEngine(keys)).stdout).toMatch(/^log: kafka at [\d.:]+: ok$/m);
    const { exitCode, stdout } = await checkEngine({ ...keys, kafkaSaslPassword: WRONG });
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(REFUSED);
    expect(stdout).not.toMatch(/passw0rd/);
  });
});
