import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LogRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { LogLending } from '../../../services/control-plane/api/log-lending.js';
import { uniqueName } from '../../support/job-fixtures.js';
import { Reader } from '../../support/log-reader.js';
import { RemoteLogHarness } from '../../support/remote-log.js';
import { topicLogSuite } from '../suites/topic-log.js';

/** What workers use goes through the server; the rest, which only the control plane does, to its log. */
topicLogSuite('remote', async () => {
  const harness = await RemoteLogHarness.open();
  const remote = harness.connect();
  const log: TopicLog = {
    ensureTopics: (options) => harness.local.ensureTopics(options),
    endOffsets: (options) => harness.local.endOffsets(options),
    partitions: (options) => remote.partitions(options),
    produce: (options) => remote.produce(options),
    subscribe: (options) => (options.start.kind === 'group' ? remote : harness.local).subscribe(options),
    close: () => remote.close(),
  };
  return { log, close: () => harness.close() };
});

describe('RemoteTopicLog', () => {
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

  function join(log: TopicLog, group = 'g'): Promise<Reader> {
    return Reader.open(log, { topics: [topic], start: { kind: 'group', group } });
  }

  function textsOf(reader: Reader): readonly string[] {
    return reader.received.map((record) => Buffer.from(record.value).toString());
  }

  describe('produce', () => {
    test('joins calls that are in flight together, and keeps their order', async () => {
      const remote = harness.connect();
      const texts = Array.from({ length: 300 }, (_, index) => String(index));
      await Promise.all(texts.map((text) => remote.produce({ records: [makeRecord(text)] })));
      expect(harness.produceCalls).toBeLessThan(10);
      const reader = await join(remote);
      await reader.until(() => textsOf(reader).includes('299'));
      expect(textsOf(reader)).toEqual(texts);
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

  describe('subscribe', () => {
    test('paused topics bring nothing until they are resumed, then everything in order', async () => {
      const remote = harness.connect();
      const reader = await join(remote);
      const other = await join(remote, 'other');
      reader.subscription.pause({ topics: [topic] });
      const texts = Array.from({ length: 2_000 }, (_, index) => String(index));
      await remote.produce({ records: texts.map((text) => makeRecord(text)) });
      await other.until(() => textsOf(other).includes('1999'));
      expect(textsOf(reader)).toEqual([]);
      reader.subscription.resume({ topics: [topic] });
      await reader.until(() => textsOf(reader).includes('1999'));
      expect(textsOf(reader)).toEqual(texts);
    });

    test('fails with NOT_FOUND for an unknown topic', async () => {
      const options = { topics: ['nothing'], onRecords: () => undefined, onBroken: () => undefined };
      const joining = harness.connect().subscribe({ ...options, start: { kind: 'group', group: 'g' } });
      await expect(joining).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('brings nothing after close', async () => {
      const remote = harness.connect();
      const reader = await join(remote);
      const other = await join(remote, 'other');
      await reader.subscription.close();
      await reader.subscription.close();
      await remote.produce({ records: [makeRecord('late')] });
      await other.until(() => textsOf(other).includes('late'));
      expect(textsOf(reader)).toEqual([]);
      expect(reader.broken).toBeNull();
    });
  });

  describe('a server that goes away', () => {
    test('is joined again: uncommitted records come again, nothing is lost', async () => {
      const remote = harness.connect();
      await remote.produce({ records: [makeRecord('1'), makeRecord('2')] });
      const reader = await join(remote);
      await reader.until(() => textsOf(reader).includes('2'));
      await reader.subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
      await harness.restart();
      await harness.local.produce({ records: [makeRecord('3')] });
      await reader.until(() => textsOf(reader).includes('3'));
      expect(textsOf(reader)).toEqual(['1', '2', '2', '3']);
      // Joined, away, joined again.
      expect(reader.assignments).toBe(3);
      await reader.subscription.commit({ offsets: [{ topic, partition: 0, offset: 3 }] });
      expect(reader.broken).toBeNull();
    });

    test('keeps pauses over the break', async () => {
      const remote = harness.connect();
      const reader = await join(remote);
      reader.subscription.pause({ topics: [topic] });
      await harness.restart();
      await reader.untilAssigned(4);
      await harness.local.produce({ records: [makeRecord('1')] });
      const other = await join(remote, 'other');
      await other.until(() => textsOf(other).includes('1'));
      expect(textsOf(reader)).toEqual([]);
      reader.subscription.resume({ topics: [topic] });
      await reader.until(() => textsOf(reader).includes('1'));
    });

    test('refuses commits meanwhile with UNAVAILABLE', async () => {
      const reader = await join(harness.connect());
      await reader.untilAssigned(4);
      await harness.server.stop();
      await reader.untilAssigned(0);
      const commit = reader.subscription.commit({ offsets: [{ topic, partition: 0, offset: 1 }] });
      await expect(commit).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('breaks for good when the topic is gone', async () => {
      const reader = await join(harness.connect());
      await harness.restart(harness.emptyLog());
      await reader.until(() => reader.broken !== null);
      expect(reader.broken).toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  describe('what workers do not need', () => {
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
      const full = await join(harness.local, 'other');
      await full.until(() => textsOf(full).includes('4999'));
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
});
