/** Marid while Kafka is killed, away and cut off with jobs running: real processes, a broker of their own, judged by what ran. */
import { describe, expect, test } from '@jest/globals';
import { findEngine } from '../support/engines.js';
import { KafkaChaos } from '../support/kafka-chaos.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';

const onNativeStack = (await findEngine('kafka'))?.source === 'native stack' ? describe : describe.skip;
const LIMIT_MS = 180_000;
/** Of the workers: an outage longer than this is short enough for a test. `MARID_TEST_LEASE_TTL_MS=120000` makes it the product's. */
const LEASE_TTL_MS = Number(process.env['MARID_TEST_LEASE_TTL_MS'] ?? 10_000);

onNativeStack('Marid over Kafka', () => {
  const chaos = KafkaChaos.define(LIMIT_MS, () => ({ leaseTtlMs: LEASE_TTL_MS }));

  test(
    'a broker that is killed and comes back during 200 submits costs no job and no call',
    chaos.over(async ({ kafka, marid }) => {
      const restarted: Promise<void>[] = [];
      const ids = await marid.submitMany('killed', 200, {
        onAccepted: (accepted) => {
          if (accepted === 60) restarted.push(kafka.server.restart());
        },
      });
      await Promise.all(restarted);
      expect(await marid.verdict(ids)).toEqual([]);
    }),
    LIMIT_MS,
  );

  test(
    'with Kafka down before they are submitted jobs are accepted, start and end, and their results appear when it is back',
    chaos.over(async ({ kafka, marid }) => {
      await kafka.server.kill();
      const ids = await marid.submitMany('down', 20);
      await marid.untilEntered('end', ids);
      const known = await marid.client.get(ids[0] ?? '');
      expect(known.status).not.toBe(JobStatus.FAILED);
      await kafka.server.start();
      expect(await marid.verdict(ids)).toEqual([]);
      expect(marid.calls.failures).toEqual([]);
    }),
    LIMIT_MS,
  );

  test(
    'jobs go on and end while Kafka is away for longer than the lease, and their results appear when it is back',
    chaos.over(async ({ kafka, marid }) => {
      const [inside, across] = [marid.gate('inside'), marid.gate('across')];
      const ids = [
        ...(await marid.submitMany('inside', 6, { body: inside.body })),
        ...(await marid.submitMany('across', 6, { body: across.body })),
      ];
      await marid.untilEntered('start', ids);
      await kafka.server.kill();
      await new Promise((resolve) => setTimeout(resolve, LEASE_TTL_MS * 1.2)); // the time itself is what is tested
      await inside.open();
      await marid.untilEntered('end', ids.slice(0, 6));
      await kafka.server.start();
      expect((await marid.client.get(ids.at(-1) ?? '')).status).not.toBe(JobStatus.FAILED);
      await across.open();
      expect(await marid.verdict(ids)).toEqual([]);
    }),
    LIMIT_MS + LEASE_TTL_MS * 1.2,
  );

  test(
    'records that are stored and whose answers are lost, again and again, change nothing',
    chaos.over(async ({ kafka, marid }) => {
      const submitted = marid.submitMany('answers', 80);
      let lost = 0;
      for (let round = 0; round < 3; round += 1) {
        await kafka.untilStored(marid, 10);
        kafka.proxy.fault = { kind: 'lost-answers' };
        lost += await kafka.storedWithin(marid, 1_000);
        kafka.proxy.fault = { kind: 'none' };
      }
      expect(lost).toBeGreaterThan(0);
      const ids = await submitted;
      expect(await marid.verdict(ids)).toEqual([]);
    }),
    LIMIT_MS,
  );
});
