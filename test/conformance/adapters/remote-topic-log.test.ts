import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type {
  LogRecord,
  LogSubscription,
  StoredRecord,
  TopicLog,
  TopicPartition,
} from '../../../core/ports/topic-log.js';
import { LogLending } from '../../../services/control-plane/api/log-lending.js';
import { eventually } from '../../support/eventually.js';
import { uniqueName } from '../../support/job-fixtures.js';
import { RemoteLogHarness } from '../../support/remote-log.js';

let harness: RemoteLogHarness;
let topic: string;

beforeEach(async () => {
  harness = await RemoteLogHarness.open();
  topic = uniqueName('topic');
  await harness.local.ensureTopics({ topics: [{ topic, partitions: 4, retentionMs: 3_600_000 }] });
});
afterEach(() => harness.close());

function makeRecord(text: string, partition = 0): LogRecord {
  return { topic, partition, key: 'k', value: new TextEncoder().encode(text), headers: { name: text } };
}

/** A subscription that keeps what it gets. */
class Reader {
  readonly records: StoredRecord[] = [];
  readonly assignments: (readonly TopicPartition[])[] = [];
  readonly errors: Error[] = [];
  private constructor(public subscription: LogSubscription) {}

  static async join(log: TopicLog, group: string): Promise<Reader> {
    const reader: Reader = new Reader({
      commit: () => Promise.reject(new Error('not joined')),
      pause: () => undefined,
      resume: () => undefined,
      close: () => Promise.resolve(),
    });
    reader.subscription = await log.subscribe({
      topics: [topic],
      start: { kind: 'group', group },
      onRecords: (records) => reader.records.push(...records),
      onAssignment: (partitions) => reader.assignments.push(partitions),
      onBroken: (error) => reader.errors.push(error),
    });
    return reader;
  }

  get texts(): string[] {
    return this.records.map((record) => new TextDecoder().decode(record.value));
  }

  async has(...texts: string[]): Promise<void> {
    await eventually(`records ${texts.join()}`, () => texts.every((text) => this.texts.includes(text)));
  }

  async owns(count: number): Promise<void> {
    await eventually(`${String(count)} partitions`, () => this.assignments.at(-1)?.length === count);
  }
}

describe('RemoteTopicLog: produce', () => {
  test('makes records durable in the given order', async () => {
    const remote = harness.connect();
    const reader = await Reader.join(harness.local, 'local');
    await remote.produce({ records: [makeRecord('a'), makeRecord('b')] });
    await reader.has('a', 'b');
    expect(reader.records).toMatchObject([
      { offset: 0, key: 'k', headers: { name: 'a' }, partition: 0 },
      { offset: 1, headers: { name: 'b' } },
    ]);
  });

  test('joins calls that are in flight together, and keeps their order', async () => {
    const remote = harness.connect();
    const texts = Array.from({ length: 300 }, (_, index) => String(index));
    await Promise.all(texts.map((text) => remote.produce({ records: [makeRecord(text)] })));
    expect(harness.produceCalls).toBeLessThan(10);
    const reader = await Reader.join(remote, 'g');
    await reader.has('299');
    expect(reader.texts).toEqual(texts);
  });

  test('a call with an unknown topic fails alone', async () => {
    const remote = harness.connect();
    const results = await Promise.allSettled([
      remote.produce({ records: [makeRecord('good')] }),
      remote.produce({ records: [{ ...makeRecord('bad'), topic: 'nothing' }] }),
      remote.produce({ records: [makeRecord('also good')] }),
    ]);
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'NOT_FOUND' } },
      { status: 'fulfilled' },
    ]);
  });

  test('is UNAVAILABLE without a server and after close', async () => {
    const remote = harness.connect();
    await harness.server.stop();
    await expect(remote.produce({ records: [makeRecord('a')] })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await remote.close();
    await expect(remote.produce({ records: [makeRecord('a')] })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('RemoteTopicLog: subscribe', () => {
  test('delivers what is there and what comes, with offsets and times of the log', async () => {
    await harness.local.produce({ records: [makeRecord('before', 2)] });
    const reader = await Reader.join(harness.connect(), 'g');
    await harness.local.produce({ records: [makeRecord('after', 2)] });
    await reader.has('before', 'after');
    expect(reader.records.map((record) => record.offset)).toEqual([0, 1]);
    expect(reader.records[0]?.appendedAt).toBeGreaterThan(1_600_000_000_000);
    expect(reader.assignments).toEqual([[0, 1, 2, 3].map((partition) => ({ topic, partition }))]);
  });

  test('starts behind the committed offsets of its group', async () => {
    const remote = harness.connect();
    await remote.produce({ records: [makeRecord('1'), makeRecord('2')] });
    const first = await Reader.join(remote, 'g');
    await first.has('2');
    await first.subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
    await first.subscription.close();
    const second = await Reader.join(remote, 'g');
    await second.has('2');
    expect(second.texts).toEqual(['2']);
  });

  test('shares the partitions of its group, and gives them back when it leaves', async () => {
    const one = await Reader.join(harness.connect(), 'g');
    const two = await Reader.join(harness.connect(), 'g');
    await one.owns(2);
    await two.owns(2);
    await two.subscription.close();
    await one.owns(4);
  });

  test('paused topics bring nothing until they are resumed, then everything in order', async () => {
    const remote = harness.connect();
    const reader = await Reader.join(remote, 'g');
    const other = await Reader.join(remote, 'other');
    reader.subscription.pause({ topics: [topic] });
    const texts = Array.from({ length: 2_000 }, (_, index) => String(index));
    await remote.produce({ records: texts.map((text) => makeRecord(text)) });
    await other.has('1999');
    expect(reader.texts).toEqual([]);
    reader.subscription.resume({ topics: [topic] });
    await reader.has('1999');
    expect(reader.texts).toEqual(texts);
  });

  test('fails with NOT_FOUND for an unknown topic', async () => {
    const options = { topics: ['nothing'], onRecords: () => undefined, onBroken: () => undefined };
    const joining = harness.connect().subscribe({ ...options, start: { kind: 'group', group: 'g' } });
    await expect(joining).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('brings nothing after close', async () => {
    const remote = harness.connect();
    const reader = await Reader.join(remote, 'g');
    const other = await Reader.join(remote, 'other');
    await reader.subscription.close();
    await reader.subscription.close();
    await remote.produce({ records: [makeRecord('late')] });
    await other.has('late');
    expect(reader.texts).toEqual([]);
    expect(reader.errors).toEqual([]);
  });
});

describe('RemoteTopicLog: a server that goes away', () => {
  test('is joined again: uncommitted records come again, nothing is lost', async () => {
    const remote = harness.connect();
    await remote.produce({ records: [makeRecord('1'), makeRecord('2')] });
    const reader = await Reader.join(remote, 'g');
    await reader.has('1', '2');
    await reader.subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
    await harness.restart();
    await harness.local.produce({ records: [makeRecord('3')] });
    await reader.has('3');
    expect(reader.texts).toEqual(['1', '2', '2', '3']);
    expect(reader.assignments.map((partitions) => partitions.length)).toEqual([4, 0, 4]);
    await reader.subscription.commit({ offsets: [{ topic, partition: 0, offset: 3 }] });
    expect(reader.errors).toEqual([]);
  });

  test('keeps pauses over the break', async () => {
    const remote = harness.connect();
    const reader = await Reader.join(remote, 'g');
    reader.subscription.pause({ topics: [topic] });
    await harness.restart();
    await reader.owns(4);
    await harness.local.produce({ records: [makeRecord('1')] });
    const other = await Reader.join(remote, 'other');
    await other.has('1');
    expect(reader.texts).toEqual([]);
    reader.subscription.resume({ topics: [topic] });
    await reader.has('1');
  });

  test('refuses commits meanwhile with UNAVAILABLE', async () => {
    const reader = await Reader.join(harness.connect(), 'g');
    await reader.owns(4);
    await harness.server.stop();
    await reader.owns(0);
    const commit = reader.subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
    await expect(commit).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('breaks for good when the topic is gone', async () => {
    const reader = await Reader.join(harness.connect(), 'g');
    await harness.restart(harness.emptyLog());
    await eventually('broken', () => reader.errors.length > 0);
    expect(reader.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});

describe('RemoteTopicLog: what workers do not need', () => {
  test('is UNSUPPORTED', async () => {
    const remote = harness.connect();
    const start = { kind: 'positions', positions: [] } as const;
    const unsupported = { code: 'UNSUPPORTED' };
    await expect(remote.ensureTopics()).rejects.toMatchObject(unsupported);
    await expect(remote.endOffsets()).rejects.toMatchObject(unsupported);
    const subscribing = remote.subscribe({
      topics: [topic],
      start,
      onRecords: () => undefined,
      onBroken: () => undefined,
    });
    await expect(subscribing).rejects.toMatchObject(unsupported);
    expect(await remote.partitions({ topic })).toBe(4);
  });
});

describe('LogLending', () => {
  test('stops pulling while its stream takes nothing, and goes on when it does', async () => {
    const texts = Array.from({ length: 5_000 }, (_, index) => String(index));
    await harness.local.produce({ records: texts.map((text) => makeRecord(text)) });
    const lending = new LogLending({ topics: [topic], maxWaiting: 500 });
    await lending.open(harness.local, 'g');
    const full = await Reader.join(harness.local, 'other');
    await full.has('4999');
    expect(lending.size).toBeLessThanOrEqual(1_001);
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const { event } of lending.events(controller.signal)) {
      if (event?.case !== 'batch') continue;
      for (const record of event.value.records ?? []) seen.push(new TextDecoder().decode(record.value));
      if (seen.length === texts.length) controller.abort();
    }
    expect(seen).toEqual(texts);
    await lending.close();
  });
});
