/** Marid while Kafka is killed, away and cut off with jobs running: real processes, a broker of their own, judged by what ran. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findEngine } from '../support/engines.js';
import { BreakableKafka, KafkaMarid } from '../support/kafka-marid.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';

const onNativeStack = (await findEngine('kafka'))?.source === 'native stack' ? describe : describe.skip;
const LIMIT_MS = 180_000;
/** Of the workers: an outage longer than this is short enough for a test. `MARID_TEST_LEASE_TTL_MS=120000` makes it the product's. */
const LEASE_TTL_MS = Number(process.env['MARID_TEST_LEASE_TTL_MS'] ?? 8_000);

onNativeStack('Marid over Kafka', () => {
  let kafka: BreakableKafka;
  let marid: KafkaMarid;

  beforeAll(async () => {
    kafka = await BreakableKafka.start();
    marid = await KafkaMarid.start(kafka, { leaseTtlMs: LEASE_TTL_MS });
  }, LIMIT_MS);
  afterAll(async () => {
    await marid.close();
    await kafka.stop();
  }, LIMIT_MS);

  test(
    'a broker that is killed and comes back during 200 submits costs no job and no call',
    async () => {
      const restarted: Promise<void>[] = [];
      const ids = await marid.submitMany('killed', 200, {
        onAccepted: (accepted) => {
          if (accepted === 60) restarted.push(kafka.server.restart());
        },
      });
      await Promise.all(restarted);
      expect(await marid.verdict(ids)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'with Kafka down before they are submitted jobs are accepted, start and end, and their results appear when it is back',
    async () => {
      await kafka.server.kill();
      const ids = await marid.submitMany('down', 20);
      await marid.untilEntered('end', ids);
      const known = await marid.client.get(ids[0] ?? '');
      expect(known.status).not.toBe(JobStatus.FAILED);
      await kafka.server.start();
      expect(await marid.verdict(ids)).toEqual([]);
      expect(marid.calls.failures).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'jobs go on and end while Kafka is away for longer than the lease, and their results appear when it is back',
    async () => {
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
    },
    LIMIT_MS + LEASE_TTL_MS * 1.2,
  );

  test(
    'records that are stored and whose answers are lost, again and again, change nothing',
    async () => {
      const submitted = marid.submitMany('answers', 200);
      let lost = 0;
      for (let round = 0; round < 5; round += 1) {
        await kafka.untilStored(marid, 20);
        kafka.proxy.fault = { kind: 'lost-answers' };
        lost += await kafka.storedWithin(marid, 1_000);
        kafka.proxy.fault = { kind: 'none' };
      }
      expect(lost).toBeGreaterThan(0);
      const ids = await submitted;
      expect(await marid.verdict(ids)).toEqual([]);
    },
    LIMIT_MS,
  );
});
