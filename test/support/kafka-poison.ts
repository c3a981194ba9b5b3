/** Records that no part of Marid has written. */
import type { Message } from 'kafkajs';
import type { WorkerEvent } from '../../core/job/job.js';
import { encodeOffer, encodeWorkerEvent } from '../../proto/codec/index.js';
import { plainKafka, withAdmin } from './kafka.js';

const EVENT: WorkerEvent = {
  ...{ jobId: 'nobody', attempt: -1, workerId: '', session: '', sequence: 2 ** 31, status: 'RUNNING', at: -1 },
  ...{ reason: '', message: '\0', result: null, infrastructureFailure: true },
};

const POISON: readonly Message[] = [
  { key: null, value: null },
  { key: '', value: '' },
  { key: Buffer.from([0xff, 0xfe]), value: Buffer.alloc(1_000, 0xff) },
  { key: 'json', value: '{"jobId": 1', headers: { none: '', two: ['a', 'b'], bytes: Buffer.from([0xff, 0]) } },
  { key: 'large', value: Buffer.alloc(100_000, 'x') },
  { key: 'mark', value: '', headers: { 'marid-barrier': '' } },
  { key: 'answer', value: '', headers: { 'marid-barrier-passed': 'x', 'marid-partition': 'NaN' } },
  { key: 'event', value: 'x', headers: { ce_specversion: '1.0', ce_type: 'x', ce_sequence: '-1', ce_subject: '' } },
  { key: 'nobody', value: Buffer.from(encodeOffer({ jobId: 'nobody', memoryMb: 1, offer: 0 })) },
  { key: 'negative', value: Buffer.from(encodeOffer({ jobId: '../x', memoryMb: -1, offer: -1 })) },
  { key: 'nobody', value: Buffer.from(encodeWorkerEvent(EVENT)) },
];

/** Appends all of them to every partition of these topics. */
export async function poison(brokers: string, topics: readonly string[]): Promise<void> {
  const kafka = plainKafka(brokers);
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  const { topics: described } = await withAdmin(brokers, (admin) => admin.fetchTopicMetadata({ topics: [...topics] }));
  await producer.connect();
  for (const { name, partitions } of described) {
    for (const { partitionId: partition } of partitions) {
      await producer.send({ topic: name, messages: POISON.map((each) => ({ ...each, partition })) });
    }
  }
  await producer.disconnect();
}
