/** Marid while its topics and groups are deleted, grown, poisoned and disturbed, and while it comes up without Kafka: real processes, a broker of their own, judged by what ran. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { jobTopic, TOPICS } from '../../core/fleet/topics.js';
import { findEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { KafkaChaos } from '../support/kafka-chaos.js';
import { deleteGroups, visitGroup } from '../support/kafka-groups.js';
import { KafkaMarid, WORKER_MB } from '../support/kafka-marid.js';
import { poison } from '../support/kafka-poison.js';
import { withAdmin } from '../support/kafka.js';
import type { MaridProcess } from '../support/marid-process.js';

const onNativeStack = (await findEngine('kafka'))?.source === 'native stack' ? describe : describe.skip;
const LIMIT_MS = 180_000;
/** How long groups are rebalanced every two seconds. `MARID_TEST_REBALANCE_MS=60000` takes longer. */
const REBALANCE_MS = Number(process.env['MARID_TEST_REBALANCE_MS'] ?? 8_000);
const GROUPS = ['marid.workers.default', 'marid.control-plane'];

onNativeStack('Marid over Kafka', () => {
  const chaos = KafkaChaos.define(LIMIT_MS, (kafka) => ({ beforeWorkers: (marid) => poison(kafka.url, marid.topics) }));

  test(
    'records that nobody can read, at the head and in the middle of every partition, are passed over',
    chaos.over(async ({ kafka, marid }) => {
      const first = await marid.submitMany('poison', 15);
      await poison(kafka.url, marid.topics);
      expect(await marid.verdict([...first, ...(await marid.submitMany('poisoned', 15))])).toEqual([]);
    }),
    LIMIT_MS,
  );

  test(
    'topics that are deleted with 500 jobs queued cost none of them',
    chaos.over(async ({ kafka, marid }) => {
      const gate = marid.gate('queue');
      const running = ['running-0', 'running-1'];
      for (const id of running) await marid.submit(id, { body: gate.body, memoryMb: WORKER_MB });
      await marid.untilEntered('start', running);
      const queued = await marid.submitMany('queued', 500);
      const offers = marid.nameOf(jobTopic('default'));
      await withAdmin(kafka.url, (admin) => admin.deleteTopics({ topics: [...marid.topics] }));
      // Whoever is faster than Marid does not know how many partitions there were.
      await withAdmin(kafka.url, (admin) =>
        admin.createTopics({ waitForLeaders: false, topics: [{ topic: offers, numPartitions: 3 }] }),
      );
      await eventually('the topics to be as they were', () => kafka.hasTopics(marid, 8), LIMIT_MS);
      await gate.open();
      expect(await marid.verdict([...running, ...queued])).toEqual([]);
    }),
    LIMIT_MS,
  );

  test(
    'groups whose offsets are deleted read everything again and run nothing twice',
    chaos.over(async ({ kafka, marid }) => {
      const gate = marid.gate('offsets');
      const running = await marid.submitMany('offsets', 6, { body: gate.body });
      await marid.untilEntered('start', running);
      kafka.proxy.fault = { kind: 'refuse' };
      await deleteGroups(
        kafka.url,
        GROUPS.map((group) => marid.nameOf(group)),
      );
      kafka.proxy.fault = { kind: 'none' };
      await gate.open();
      expect(await marid.verdict([...running, ...(await marid.submitMany('forgotten', 20))])).toEqual([]);
    }),
    LIMIT_MS,
  );

  test(
    'a control plane and a worker that are killed while Kafka is away come back without it, and the jobs go on',
    chaos.over(async ({ kafka, marid }) => {
      const gate = marid.gate('restart');
      const running = await marid.submitMany('restart', 6, { body: gate.body });
      await marid.untilEntered('start', running);
      await kafka.server.kill();
      await marid.killAndRestart();
      const later = await marid.submitMany('later', 10);
      await gate.open();
      await marid.untilEntered('end', [...running, ...later]);
      await kafka.server.start();
      expect(await marid.verdict([...running, ...later])).toEqual([]);
    }),
    LIMIT_MS,
  );

  test(
    'partitions that are doubled under load are used by whoever comes, and read by everybody',
    chaos.over(async ({ kafka, marid }) => {
      const submitted = marid.submitMany('doubled', 80);
      await kafka.untilStored(marid, 20);
      await withAdmin(kafka.url, (admin) =>
        admin.createPartitions({ topicPartitions: marid.topics.map((topic) => ({ topic, count: 16 })) }),
      );
      const ids = await submitted;
      await marid.startWorker('third');
      expect(await marid.verdict([...ids, ...(await marid.submitMany('after', 40))])).toEqual([]);
    }),
    LIMIT_MS,
  );

  test(
    'members that come and go every two seconds cost nothing',
    chaos.over(async ({ kafka, marid }) => {
      const until = performance.now() + REBALANCE_MS;
      const accepted: string[] = [];
      const visit = async (): Promise<void> => {
        while (performance.now() < until) {
          const visitors = await Promise.all([
            visitGroup(kafka.url, marid.nameOf('marid.workers.default'), marid.nameOf(jobTopic('default'))),
            visitGroup(kafka.url, marid.nameOf('marid.control-plane'), marid.nameOf(TOPICS.workerEvents)),
          ]);
          await new Promise((resolve) => setTimeout(resolve, 1_000)); // the time itself is what is tested
          await Promise.all(visitors.map((visitor) => visitor.disconnect()));
        }
      };
      const visiting = visit();
      for (let round = 0; performance.now() < until; round += 1) {
        accepted.push(...(await marid.submitMany(`rebalanced-${String(round)}`, 20)));
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      await visiting;
      expect(await marid.verdict(accepted)).toEqual([]);
    }),
    LIMIT_MS + REBALANCE_MS,
  );

  test(
    'handlers of records that throw are taken up again',
    chaos.over(async ({ kafka }) => {
      const preload = pathToFileURL(resolve('test/support/throwing-handlers.mjs')).href;
      const throwing = await KafkaMarid.start(kafka, { environment: { NODE_OPTIONS: `--import ${preload}` } });
      try {
        const hasThrown = (process: MaridProcess): boolean => process.stderr().includes('thrown by a test');
        const allHaveThrown = (): boolean =>
          hasThrown(throwing.controlPlane) && throwing.workers.some(({ process }) => hasThrown(process));
        const ids: string[] = [];
        while (ids.length < 40 || !allHaveThrown()) {
          ids.push(...(await throwing.submitMany(`thrown-${String(ids.length)}`, 20)));
        }
        expect(await throwing.verdict(ids)).toEqual([]);
      } finally {
        await throwing.close();
      }
    }),
    LIMIT_MS,
  );
});
