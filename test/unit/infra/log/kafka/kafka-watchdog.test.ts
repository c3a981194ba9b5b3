/** What a subscription does when nothing is heard of Kafka: time is a fake, and so is kafkajs' consumer, which says nothing unless told. */
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Kafka, type Consumer } from 'kafkajs';
import { KafkaSockets } from '../../../../../infra/log/kafka/kafka-sockets.js';
import { KafkaSubscription } from '../../../../../infra/log/kafka/kafka-subscription.js';
import { resolveKafkaSettings } from '../../../../../infra/log/kafka/options.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const { events } = new Kafka({ brokers: ['127.0.0.1:1'] }).consumer({ groupId: 'names' });

/** As much of a consumer as a subscription uses. */
class SilentConsumer extends EventEmitter {
  readonly events = events;
  connected = false;
  connect = async (): Promise<void> => {
    this.connected = true;
  };
  subscribe = (): Promise<void> => Promise.resolve();
  pause = (): void => undefined;
  run = async (): Promise<void> => {
    this.emit(events.GROUP_JOIN, { payload: { memberId: 'me', memberAssignment: { topic: [0] } } });
  };
  disconnect = async (): Promise<void> => {
    this.connected = false;
  };
}

let clock: FakeClock;
let logger: QuietLogger;
let consumers: SilentConsumer[];
let subscription: KafkaSubscription;

beforeEach(async () => {
  clock = new FakeClock();
  logger = new QuietLogger();
  consumers = [];
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'] });
  kafka.consumer = () => {
    const consumer = new SilentConsumer();
    consumers.push(consumer);
    return consumer as unknown as Consumer;
  };
  subscription = new KafkaSubscription({
    driver: { client: () => ({ kafka, sockets: new KafkaSockets((address) => address) }) },
    settings: resolveKafkaSettings({ brokers: [], clientId: 'test', clock, logger }),
    logger,
    group: 'group',
    topics: ['topic'],
    subscribe: {
      topics: ['topic'],
      start: { kind: 'group', group: 'group' },
      onRecords: () => undefined,
      onBroken: () => undefined,
    },
    positions: [],
    commits: true,
    firstSince: () => Promise.resolve(1),
    onClosed: () => undefined,
  });
  await subscription.start();
});

const errors = (): number => logger.lines.filter(({ level }) => level === 'error').length;

describe('a subscription that hears nothing', () => {
  test('is unhealthy after a minute, and says so in the log', async () => {
    await clock.advance(60_000);
    expect(subscription.health).toMatchObject({ joined: true, silentMs: 60_000, healthy: true });
    expect(errors()).toBe(0);
    await clock.advance(15_000);
    expect(subscription.health).toMatchObject({ silentMs: 75_000, healthy: false });
    expect(errors()).toBe(1);
  });

  test('is healthy again with the first fetch or heartbeat', async () => {
    for (const sign of [events.FETCH, events.HEARTBEAT]) {
      await clock.advance(70_000);
      expect(subscription.health.healthy).toBe(false);
      consumers.at(-1)?.emit(sign);
      expect(subscription.health).toMatchObject({ silentMs: 0, healthy: true });
    }
    expect(consumers).toHaveLength(1);
  });

  test('gets a new consumer after a minute and a half, and the old one is ended', async () => {
    await clock.advance(90_000);
    expect(consumers).toHaveLength(1);
    await clock.advance(20_000);
    expect(consumers.map(({ connected }) => connected)).toEqual([false, true]);
    expect(subscription.health).toMatchObject({ joined: true, healthy: true });
  });

  test('leaves no timer behind when it is closed', async () => {
    await clock.advance(100_000);
    await subscription.close();
    expect(clock.pending).toBe(0);
    await clock.advance(200_000);
    expect(consumers.filter(({ connected }) => connected)).toEqual([]);
  });
});
